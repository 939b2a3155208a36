import { keyStatus, STATUS_PENDING_MAX } from "@parley/contract/devices";
import { Failure } from "@parley/contract/failure";
import { byteOrder } from "@parley/contract/ids";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DeviceStore } from "@parley/mongo/device-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { type KeyAckStore, type KeyRecipient, recipientName } from "@parley/room-keys/key-ack-store";
import { notServedYet } from "@parley/site/not-served-yet";

import { MEMBERS_PER_PAGE } from "../referred-channel.ts";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "listMembers">;
  readonly devices: Pick<DeviceStore, "devicesOf">;
  readonly acks: Pick<KeyAckStore, "ackedVersions">;
}

async function accountsIn({ subscriptions }: Deps, roomId: string): Promise<readonly string[]> {
  const page = (after?: string) => subscriptions.listMembers({ roomId, after, limit: MEMBERS_PER_PAGE });
  let last = await page();
  const rows = [...last.rows];
  while (last.next !== undefined) {
    last = await page(last.next);
    rows.push(...last.rows);
  }
  return rows.map(({ account }) => account);
}

/** Whom the room's key goes to: every device of the members, and members without any; by account, then device. */
async function recipientsIn(deps: Deps, roomId: string): Promise<readonly KeyRecipient[]> {
  const accounts = await accountsIn(deps, roomId);
  const devices = await deps.devices.devicesOf(accounts);
  return accounts.toSorted(byteOrder).flatMap((account): readonly KeyRecipient[] => {
    const deviceIds = devices.get(account)?.map(({ deviceId }) => deviceId) ?? [];
    if (deviceIds.length === 0) return [{ account }];
    return deviceIds.toSorted(byteOrder).map((deviceId) => ({ account, deviceId }));
  });
}

/** Tells a member whom the room's current key has reached, by what its recipients confirmed to the room's home. */
export const keyStatusEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(keyStatus, async ({ tokens: { roomId }, caller: { account } }) => {
    const { siteId, rooms, subscriptions, acks } = deps;
    const [room, member] = await Promise.all([rooms.find(roomId), subscriptions.find(roomId, account)]);
    if (!member) throw new Failure("not_room_member");
    if (member.roomSite !== siteId)
      throw new Failure("wrong_site", { metadata: { siteId: member.roomSite } });
    if (!room) throw notServedYet();
    const { keyVersion: version } = room;
    const [recipients, acked] = await Promise.all([recipientsIn(deps, roomId), acks.ackedVersions(roomId)]);
    const pending = recipients.filter((recipient) => (acked.get(recipientName(recipient)) ?? -1) < version);
    return {
      version,
      acked: recipients.length - pending.length,
      pending: pending.length,
      pendingOf: pending.slice(0, STATUS_PENDING_MAX),
    };
  });
