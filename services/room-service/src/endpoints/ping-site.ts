import { VERSION } from "@parley/contract/processes";
import { pingSite } from "@parley/contract/server-requests";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";

interface Deps {
  readonly siteId: string;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** Tells a peer that the link carries both ways, and what time it is here. */
export const pingSiteEndpoint = ({ siteId, now }: Deps): Endpoint =>
  serverEndpoint(pingSite, () => Promise.resolve({ siteId, version: VERSION, at: now() }));
