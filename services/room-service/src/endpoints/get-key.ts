import { Failure } from "@parley/contract/failure";
import { getKey } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

interface Deps {
  readonly siteId: string;
  readonly keys: Pick<RoomKeyStore, "get" | "getByVersion" | "getVersion">;
  readonly subscriptions: Pick<SubscriptionStore, "find">;
}

/**
 * Hands a member a key of the room: current, or previous within its grace period, never one from before they may
 * read. The key is read before the membership: a version becomes visible only after its removal is projected, so the
 * removed account can never slip between (SPEC-rooms 6.4).
 */
export const getKeyEndpoint = ({ siteId, keys, subscriptions }: Deps): Endpoint =>
  userEndpoint(getKey, async ({ tokens: { roomId }, body: { version }, caller: { account } }) => {
    const key = version === undefined ? await keys.get(roomId) : await keys.getByVersion(roomId, version);
    const member = await subscriptions.find(roomId, account);
    if (!member) throw new Failure("not_room_member");
    const asked = version ?? key?.version;
    if (asked !== undefined && asked < member.keyFrom)
      throw new Failure("key_version_not_allowed", { metadata: { keyFrom: member.keyFrom } });
    if (!key) {
      const currentVersion = await keys.getVersion(roomId);
      throw new Failure("room_key_absent", currentVersion === null ? {} : { metadata: { currentVersion } });
    }
    const privateKey = Buffer.from(key.pair.privateKey).toString("base64");
    return { roomId, siteId, version: key.version, privateKey };
  });
