import type { CanonicalEvent } from "@parley/contract/events";
import type { MemberEntry } from "@parley/contract/shapes";
import type { Trace } from "@parley/messaging/trace";
import type { DeviceStore } from "@parley/mongo/device-store";
import { rosterDigestOf } from "@parley/room/roster-hash";
import type { RoomState } from "@parley/room/state";
import { createRoomKey } from "@parley/room-crypto/room-key";
import type { KeyDelivery } from "@parley/room-keys/hand-key";
import type { KeyAckStore } from "@parley/room-keys/key-ack-store";
import type { KeyResendStore } from "@parley/room-keys/key-resend-store";

import { type DeliverKey, takenBy } from "./deliver-key.ts";
import type { KeyInHand } from "./key-step.ts";

/** One event on its way to users. */
export interface Announced {
  readonly event: CanonicalEvent;
  readonly after: RoomState;
  readonly trace: Trace;
}

interface Deps {
  readonly deliver: DeliverKey;
  readonly delivery: KeyDelivery;
  readonly devices: Pick<DeviceStore, "devicesOf">;
  readonly acks: Pick<KeyAckStore, "expect" | "forget">;
  readonly resends: Pick<KeyResendStore, "schedule">;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** Step 4 of SPEC-rooms 4.2: hands members the key, each as it takes keys; counts after the next flush. */
export type SendKey = (
  announced: Announced,
  key: KeyInHand,
  recipients: readonly MemberEntry[],
) => Promise<void>;

const lostBy = (event: CanonicalEvent): readonly string[] =>
  event.type === "members_removed" ? event.data.removed : [];

export function createSendKey({ deliver, delivery, devices, acks, resends, now }: Deps): SendKey {
  return async ({ event, after, trace }, { version, pair }, recipients) => {
    const { roomId, siteId, at } = event;
    // Before the first send: an ack may come while others are still being sent theirs.
    const [enrolled] = await Promise.all([
      devices.devicesOf(recipients.map(({ account }) => account)),
      acks.expect(roomId, version),
      acks.forget(roomId, lostBy(event)),
    ]);
    const addressees = recipients.map(({ account, siteId: homeSite }) => ({
      account,
      homeSite,
      takes: takenBy(enrolled.get(account), delivery),
    }));
    const roster = { rosterDigest: rosterDigestOf(after), revision: after.revision };
    await deliver({ key: createRoomKey({ roomId, version, pair }), siteId, roster, at, trace }, addressees);
    await resends.schedule(roomId, now());
  };
}
