import type { HandedKey } from "@parley/contract/devices";
import type { RoomListRow } from "@parley/contract/room-requests";
import { toBase64 } from "@parley/room-crypto/base64";
import type { RoomKeyPair } from "@parley/room-crypto/key-pair";

const CREATED_AT = 1_750_000_000_000;

/** What of a row matters to a test; `key` is the one of version `keyFrom`. */
export interface RowChanges {
  readonly revision?: number;
  readonly keyFrom?: number;
  readonly key?: RoomKeyPair;
  /** Instead of the plain `key`. */
  readonly handed?: HandedKey | undefined;
}

/** A private key as it travels. */
export const keyText = (pair: RoomKeyPair): string => toBase64(pair.privateKey);

/** The row of `room.list` of a member of a channel with two people. */
export function peerRow(
  { roomId, siteId }: { readonly roomId: string; readonly siteId: string },
  { revision = 1, keyFrom = 0, key, handed }: RowChanges = {},
): RoomListRow {
  return {
    room: {
      roomId,
      siteId,
      type: "channel",
      name: "Plans",
      memberCount: 2,
      agentCount: 0,
      settings: { restricted: false, externalAccess: true },
      keyVersion: keyFrom,
      createdAt: CREATED_AT,
      revision,
    },
    subscription: {
      role: "member",
      individual: true,
      viaOrgs: [],
      joinedAt: CREATED_AT,
      keyFrom,
      muted: false,
      favourite: false,
    },
    ...(handed && { key: handed }),
    ...(key && { key: { version: keyFrom, privateKey: keyText(key) } }),
    stale: false,
  };
}
