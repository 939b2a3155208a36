import { ensureKey } from "@parley/contract/server-requests";
import { askProcess } from "@parley/messaging/ask-process";
import type { Broker } from "@parley/messaging/connect-nats";
import type { SiteClock } from "@parley/messaging/site-clock";
import type { Trace } from "@parley/messaging/trace";
import type { MessageStore } from "@parley/mongo/message-store";
import type { RoomSummary } from "@parley/mongo/room-document-store";

import { isRotationDue } from "./rules/is-rotation-due.ts";

interface Deps {
  readonly siteId: string;
  readonly broker: Broker;
  readonly clock: Pick<SiteClock, "now">;
  readonly messages: Pick<MessageStore, "find">;
}

type AdmittingRoom = Pick<RoomSummary, "keyVersion" | "rekeyDue" | "dueRotatedAt">;

/** A message on its way. */
interface Sending {
  readonly roomId: string;
  readonly messageId: string;
  readonly trace: Trace;
}

/**
 * The key version below which a new message is never sealed. In a room that a revoked device could read, room-service is
 * asked first for the version that the device will not have; a message that was accepted before changes no key.
 * @throws Failure `store_unavailable` when room-service does not answer, or what it refuses with
 */
export type KeyFloor = (room: AdmittingRoom, sending: Sending) => Promise<number>;

export function createKeyFloor({ siteId, broker, clock, messages }: Deps): KeyFloor {
  /** By room and version: many messages at once ask once. */
  const asked = new Map<string, Promise<number>>();

  const versionAfter = async (keyVersion: number, { roomId, trace }: Sending): Promise<number> => {
    const { version } = await askProcess(broker, ensureKey, {
      tokens: { siteId, fromSite: siteId },
      body: { roomId, version: keyVersion, due: true },
      trace,
    });
    return Math.max(version, keyVersion);
  };

  const askOnce = (keyVersion: number, sending: Sending): Promise<number> => {
    const of = `${sending.roomId}:${keyVersion}`;
    const underWay = asked.get(of);
    if (underWay) return underWay;
    const answer = versionAfter(keyVersion, sending).finally(() => asked.delete(of));
    asked.set(of, answer);
    return answer;
  };

  return async (room, sending) => {
    const { keyVersion } = room;
    if (!isRotationDue(room, clock.now())) return keyVersion;
    const { roomId, messageId } = sending;
    const isRepeat = (await messages.find(roomId, messageId))?.canonical === true;
    return isRepeat ? keyVersion : askOnce(keyVersion, sending);
  };
}
