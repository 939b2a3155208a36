import { VERSION } from "@parley/contract/processes";
import { siteInfo } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";

interface Deps {
  readonly siteId: string;
  readonly peers: readonly string[];
  readonly limits: {
    readonly maxPayload: number;
    readonly maxRoomSize: number;
    readonly maxBatchSize: number;
  };
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** What a client needs to know of the site it talks to. */
export const siteInfoEndpoint = ({ siteId, peers, limits, now }: Deps): Endpoint =>
  userEndpoint(siteInfo, () =>
    Promise.resolve({ siteId, peers: [...peers], version: VERSION, limits, now: now() }),
  );
