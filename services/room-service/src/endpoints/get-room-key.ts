import { Failure } from "@parley/contract/failure";
import { getRoomKey } from "@parley/contract/server-requests";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { toBase64 } from "@parley/room-crypto/base64";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import type { RoomLog } from "@parley/room-log/room-log";

import {
  assertMayHave,
  assertMayHaveByLog,
  assertTakesPartByLog,
  isAheadOfProjection,
} from "../key-holders.ts";

interface Deps {
  readonly siteId: string;
  readonly keys: Pick<RoomKeyStore, "get" | "getByVersion" | "getVersion">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "hasMemberOf">;
  readonly directory: Pick<DirectoryStore, "find">;
  readonly roomLog: Pick<RoomLog, "current">;
}

/**
 * The site has a member who may have the version: what came before its first one joined is none of its operators'
 * business either.
 */
async function assertSiteMayHave(
  subscriptions: Deps["subscriptions"],
  of: { roomId: string; roomSite: string; accountSite: string },
  keyVersion: number | undefined,
): Promise<void> {
  if (await subscriptions.hasMemberOf({ ...of, keyVersion })) return;
  const takesPart = keyVersion !== undefined && (await subscriptions.hasMemberOf(of));
  throw new Failure(takesPart ? "key_version_not_allowed" : "site_not_participating");
}

/** The account is at home at the asking site and, by its row, a member who may have the version. */
async function assertAccountMayHave(
  { subscriptions, directory }: Deps,
  of: { roomId: string; account: string; fromSite: string; version: number | undefined },
): Promise<void> {
  const entry = await directory.find(of.account);
  if (entry?.homeSite !== of.fromSite) throw new Failure("unknown_account");
  if (!entry.enabled) throw new Failure("account_disabled");
  assertMayHave(await subscriptions.find(of.roomId, of.account), of.version);
}

/**
 * Hands a site that takes part in a room homed here one exact key version, for itself or for one of its accounts
 * (SPEC-rooms 6.4). Whether it takes part is asked of the members' rows, after the key was read: rows are written before
 * a key is activated and before a joining site hears of the room, the room's `sites` only after both. Where the rows let
 * it have a version above the projection, the log has the last word: an older projection may have been put back.
 */
export const getRoomKeyEndpoint = (deps: Deps): Endpoint =>
  serverEndpoint(getRoomKey, async ({ fromSite, body: { roomId, version, account } }) => {
    const { siteId, keys, rooms, subscriptions, roomLog } = deps;
    const [room, key] = await Promise.all([
      rooms.find(roomId),
      version === undefined ? keys.get(roomId) : keys.getByVersion(roomId, version),
    ]);
    const asked = version ?? key?.version;
    await assertSiteMayHave(subscriptions, { roomId, roomSite: siteId, accountSite: fromSite }, asked);
    if (account !== undefined)
      await assertAccountMayHave(deps, { roomId, account, fromSite, version: asked });
    if (!key) {
      const currentVersion = await keys.getVersion(roomId);
      throw new Failure("room_key_absent", currentVersion === null ? {} : { metadata: { currentVersion } });
    }
    if (isAheadOfProjection(key, room)) {
      if (account === undefined) await assertTakesPartByLog(roomLog, { roomId, siteId: fromSite });
      else await assertMayHaveByLog(roomLog, { roomId, account, version: key.version });
    }
    const { publicKey, privateKey } = key.pair;
    return {
      roomId,
      version: key.version,
      publicKey: toBase64(publicKey),
      privateKey: toBase64(privateKey),
    };
  });
