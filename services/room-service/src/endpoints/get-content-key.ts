import type { ContentKeyStore } from "@parley/content-keys/content-key-store";
import { Failure } from "@parley/contract/failure";
import { getContentKey } from "@parley/contract/server-requests";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { toBase64 } from "@parley/room-crypto/base64";
import type { RoomLog } from "@parley/room-log/room-log";

import { assertTakesPartByLog } from "../key-holders.ts";

interface Deps {
  readonly siteId: string;
  readonly contentKeys: Pick<ContentKeyStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "hasMemberOf">;
  readonly roomLog: Pick<RoomLog, "current">;
}

/**
 * Hands a site that takes part in a room homed here the key under which the room's content rests, or that it was erased
 * (SPEC-agents 1.4). Whether the site takes part is asked after the key was read, first of the members' rows, so that
 * outsiders never cause a load. A content key has no version that could be compared with the projection: the log always
 * has the last word.
 */
export const getContentKeyEndpoint = ({ siteId, contentKeys, subscriptions, roomLog }: Deps): Endpoint =>
  serverEndpoint(getContentKey, async ({ fromSite, body: { roomId } }) => {
    const held = await contentKeys.find(roomId);
    if (!(await subscriptions.hasMemberOf({ roomId, roomSite: siteId, accountSite: fromSite })))
      throw new Failure("site_not_participating");
    await assertTakesPartByLog(roomLog, { roomId, siteId: fromSite });
    if (held === null) return { roomId };
    if (held.status === "erased") return { roomId, erased: true as const };
    return { roomId, kid: held.key.kid, key: toBase64(held.key.bytes) };
  });
