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

const deadFields = {
  siteId: siteFields.siteId,
  natsUrl: siteFields.natsUrl,
  natsCreds: siteFields.natsCreds,
  natsDomain: siteFields.natsDomain,
};

/** What listing a site's parked messages reads. */
export const listDeadConfig = z.object(deadFields);

/** What sending one back reads: the room it belongs to is looked up, and marked. */
export const resendConfig = z.object({
  ...deadFields,
  mongoUrl: siteFields.mongoUrl,
  mongoDb: siteFields.mongoDb,
});

export const environment = process.env;
