import { configFields } from "@parley/lifecycle/config-fields";
import { z } from "zod";

import { siteFields } from "./site-fields.ts";

/** What comparing and changing a site's streams reads from the environment. */
export const streamsConfig = z.object({
  siteId: siteFields.siteId,
  natsUrl: siteFields.natsUrl,
  natsCreds: siteFields.natsCreds,
  natsDomain: siteFields.natsDomain,
  peers: configFields.peers,
});

export const environment = process.env;
