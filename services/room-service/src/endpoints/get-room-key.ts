import { Failure } from "@parley/contract/failure";
import { getRoomKey } from "@parley/contract/server-requests";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { toBase64 } from "@parley/room-crypto/base64";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

interface Deps {
  readonly siteId: string;
  readonly keys: Pick<RoomKeyStore, "get" | "getByVersion" | "getVersion">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "hasMemberOf">;
  readonly directory: Pick<DirectoryStore, "find">;
}

/** The account is at home at the asking site and a member who may have the version. */
async function assertMayHave(
  { subscriptions, directory }: Deps,
  of: { roomId: string; account: string; fromSite: string; version: number | undefined },
): Promise<void> {
  const entry = await directory.find(of.account);
  if (entry?.homeSite !== of.fromSite) throw new Failure("unknown_account");
  const member = await subscriptions.find(of.roomId, of.account);
  if (!member) throw new Failure("not_room_member");
  const { keyFrom } = member;
  if (of.version !== undefined && of.version < keyFrom)
    throw new Failure("key_version_not_allowed", { metadata: { keyFrom } });
}

/**
 * Hands a site that takes part in a room homed here one exact key version, for itself or for one of its accounts
 * (SPEC-rooms 6.4). Whether it takes part is asked of the members' rows, after the key was read: rows are written before
 * a key is activated and before a joining site hears of the room, the room's `sites` only after both.
 */
export const getRoomKeyEndpoint = (deps: Deps): Endpoint =>
  serverEndpoint(getRoomKey, async ({ fromSite, body: { roomId, version, account } }) => {
    const { siteId, keys, subscriptions } = deps;
    const key = version === undefined ? await keys.get(roomId) : await keys.getByVersion(roomId, version);
    if (!(await subscriptions.hasMemberOf({ roomId, roomSite: siteId, accountSite: fromSite })))
      throw new Failure("site_not_participating");
    const asked = version ?? key?.version;
    if (account !== undefined) await assertMayHave(deps, { roomId, account, fromSite, version: asked });
    if (!key) {
      const currentVersion = await keys.getVersion(roomId);
      throw new Failure("room_key_absent", currentVersion === null ? {} : { metadata: { currentVersion } });
    }
    const { publicKey, privateKey } = key.pair;
    return {
      roomId,
      version: key.version,
      publicKey: toBase64(publicKey),
      privateKey: toBase64(privateKey),
    };
  });
