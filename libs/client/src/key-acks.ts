import type { NatsConnection } from "@nats-io/nats-core";
import type { KeyAcknowledgement } from "@parley/contract/devices";
import { clientSubjects } from "@parley/contract/notices";

import type { Background } from "./background.ts";
import type { Clock } from "./clock.ts";
import type { HeldRooms } from "./held-rooms.ts";
import type { RoomKey } from "./key-store.ts";

/** How long keys of a room are gathered before they are acknowledged (ms): a burst is one acknowledgement. */
const GATHER_MS = 50;

/** Tells the home of a room which of its keys this client has stored. */
export interface KeyAcks {
  /**
   * The key is in the store; also for one that was there before, since a key that comes again says that the
   * acknowledgement was lost. Call it after storing and never before: what is acknowledged is not sent again.
   */
  kept(key: Pick<RoomKey, "roomId" | "version">): void;
}

interface KeyAcksDeps {
  readonly connection: Pick<NatsConnection, "publish">;
  /** The account's home site. */
  readonly siteId: string;
  readonly account: string;
  readonly deviceId?: string | undefined;
  readonly rooms: Pick<HeldRooms, "get">;
  readonly clock: Clock;
  readonly background: Background;
}

export function createKeyAcks(deps: KeyAcksDeps): KeyAcks {
  const { connection, siteId: homeSite, account, deviceId, rooms, clock, background } = deps;
  /** The highest version stored since the last acknowledgement: it stands for those below. */
  const gathered = new Map<string, number>();

  const acknowledge = (roomId: string, version: number): void => {
    const siteId = rooms.get(roomId)?.siteId;
    if (siteId === undefined) return;
    const body: KeyAcknowledgement = { version, ...(deviceId !== undefined && { deviceId }) };
    connection.publish(clientSubjects.keyAck.of({ homeSite, account, roomId, siteId }), JSON.stringify(body));
  };

  return {
    kept({ roomId, version }) {
      const isFirst = gathered.size === 0;
      gathered.set(roomId, Math.max(version, gathered.get(roomId) ?? 0));
      if (!isFirst) return;
      background.start("acknowledging keys", async () => {
        await clock.sleep(GATHER_MS, background.signal);
        const stored = [...gathered];
        gathered.clear();
        for (const [room, highest] of stored) acknowledge(room, highest);
      });
    },
  };
}
