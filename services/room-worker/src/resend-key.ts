import type { ForRoster } from "@parley/contract/devices";
import { uuidV7 } from "@parley/contract/ids";
import type { Recorder } from "@parley/contract/observe";
import { traceOf } from "@parley/messaging/trace";
import type { DeviceStore } from "@parley/mongo/device-store";
import type { RoomDocument, RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { Subscription, SubscriptionStore } from "@parley/mongo/subscription-store";
import type { RoomKey } from "@parley/room-crypto/room-key";
import type { KeyDelivery } from "@parley/room-keys/hand-key";
import { type KeyAckStore, recipientName } from "@parley/room-keys/key-ack-store";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

import { type Addressee, type DeliverKey, takenBy } from "./deliver-key.ts";

/** Members looked at in one go. */
const ROWS_PER_PAGE = 500;

interface Deps {
  readonly siteId: string;
  readonly keys: Pick<RoomKeyStore, "get">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "listMembers">;
  readonly devices: Pick<DeviceStore, "devicesOf">;
  readonly acks: Pick<KeyAckStore, "ackedVersions">;
  readonly deliver: DeliverKey;
  readonly delivery: KeyDelivery;
  readonly recorder: Recorder;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** `reached`: everybody who takes the key has acknowledged it. `not_now`: the room is on its way to another state. */
export type ResendOutcome = "sent" | "reached" | "not_now";

/** Sends a room's key again to those who have not acknowledged it. */
export type ResendKey = (roomId: string) => Promise<ResendOutcome>;

/** What is sent again, and who has it already. */
interface Resend {
  readonly room: RoomDocument;
  readonly key: RoomKey;
  readonly acked: ReadonlyMap<string, number>;
}

/** `key` was read first: a version shows only once the rows no longer hold whom it was made against. */
async function resendOf({ siteId, keys, rooms, acks }: Deps, roomId: string): Promise<Resend | undefined> {
  const key = await keys.get(roomId);
  const room = key && (await rooms.find(roomId));
  // Under way between two versions: the event that makes the next one has re-sends of its own.
  if (!key || room?.siteId !== siteId || room.keyVersion !== key.version) return undefined;
  return { room, key, acked: await acks.ackedVersions(roomId) };
}

/** What an account takes of a key, less what has reached it. */
function stillToTake({ key, acked }: Resend, account: string, takes: Addressee["takes"]): Addressee["takes"] {
  const lacks = (deviceId?: string): boolean =>
    (acked.get(recipientName({ account, deviceId })) ?? -1) < key.version;
  if (takes === "bytes") return lacks() ? takes : [];
  return takes.filter(({ deviceId }) => lacks(deviceId));
}

/** A member of the very roster that the room's digest is of; a row of a later event may not be. */
const isOfRoster = ({ room }: Resend, row: Subscription): boolean => row.revision <= room.digestRevision;

async function addresseesAmong(
  { devices, delivery }: Deps,
  resend: Resend,
  rows: readonly Subscription[],
): Promise<readonly Addressee[]> {
  const enrolled = await devices.devicesOf(rows.map(({ account }) => account));
  return rows.flatMap(({ account, accountSite: homeSite }) => {
    const takes = stillToTake(resend, account, takenBy(enrolled.get(account), delivery));
    return takes.length === 0 ? [] : [{ account, homeSite, takes }];
  });
}

const rosterOf = ({ rosterDigest, digestRevision }: RoomDocument): ForRoster => ({
  rosterDigest,
  revision: digestRevision,
});

/**
 * Members, their devices and what they acknowledged are those of this moment, and the key is the store's current one:
 * nobody who was removed meanwhile is sent anything, and no version that has passed.
 */
export function createResendKey(deps: Deps): ResendKey {
  const { siteId, subscriptions, deliver, recorder, now } = deps;
  return async (roomId) => {
    const resend = await resendOf(deps, roomId);
    if (!resend) return "not_now";
    const sent = { key: resend.key, siteId, roster: rosterOf(resend.room), at: now() };
    let outcome: ResendOutcome = "reached";
    for (let after: string | undefined; ;) {
      const page = await subscriptions.listMembers({ roomId, after, limit: ROWS_PER_PAGE });
      const rows = page.rows.filter((row) => isOfRoster(resend, row));
      const addressees = await addresseesAmong(deps, resend, rows);
      const accounts = await deliver({ ...sent, trace: traceOf(undefined, uuidV7()) }, addressees);
      recorder.count("room_key_resends_total", {}, accounts);
      if (addressees.length > 0) outcome = "sent";
      else if (rows.length < page.rows.length && outcome === "reached") outcome = "not_now";
      after = page.next;
      if (after === undefined) return outcome;
    }
  };
}
