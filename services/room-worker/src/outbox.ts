import { canonicalSubjects } from "@parley/contract/events";
import { OUTBOX_TYPES, type RoomSnapshotMessage } from "@parley/contract/federation";
import { messageIds } from "@parley/contract/headers";
import type { Recorder } from "@parley/contract/observe";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishToStream } from "@parley/messaging/publish";
import { participatingSites } from "@parley/room/membership";
import { toSnapshot } from "@parley/room/snapshot";
import type { RoomState } from "@parley/room/state";

import type { Application } from "./run-effects.ts";

/** What one participating site is sent because of an event. */
export interface Dispatch {
  readonly dest: string;
  readonly carries: "event" | "snapshot" | "final";
}

/** Who is sent what (SPEC-rooms 7.1): a site that joins begins with a snapshot, one whose last member left ends. */
export function dispatchesOf(
  home: string,
  before: RoomState | undefined,
  after: RoomState,
): readonly Dispatch[] {
  const were = new Set(before ? participatingSites(before) : []);
  const are = new Set(participatingSites(after));
  return [...new Set([...were, ...are])]
    .filter((dest) => dest !== home)
    .map((dest) => {
      if (!were.has(dest)) return { dest, carries: "snapshot" };
      return { dest, carries: are.has(dest) ? "event" : "final" };
    });
}

/** The state after an event, as a site begins with it. Repeats of a request are judged at home alone. */
function snapshotOf(after: RoomState): RoomSnapshotMessage {
  const { recentRequests: _atHomeOnly, ...snapshot } = toSnapshot(after);
  return { v: 1, ...structuredClone(snapshot) } as RoomSnapshotMessage;
}

const MESSAGE_IDS = {
  event: messageIds.outbox,
  snapshot: messageIds.outboxSnapshot,
  final: messageIds.outboxFinal,
} as const satisfies Record<Dispatch["carries"], unknown>;

interface Deps {
  readonly broker: Broker;
  readonly peers: ReadonlySet<string>;
  readonly recorder: Recorder;
}

/**
 * Step 9 of SPEC-rooms 4.2: stores the event for every participating site, each acknowledged. A site that is no peer
 * any more is skipped and counted, so that its removal halts no room.
 */
export async function fillOutbox(deps: Deps, application: Application): Promise<void> {
  const { event, bytes, before, after, trace } = application;
  const { siteId, roomId, revision } = event;
  for (const { dest, carries } of dispatchesOf(siteId, before, after)) {
    if (!deps.peers.has(dest)) {
      deps.recorder.count("outbox_skipped_total", { peer: dest });
      continue;
    }
    const type = carries === "event" ? event.type : OUTBOX_TYPES[carries];
    await publishToStream(deps.broker, {
      subject: canonicalSubjects.outbox.of({ siteId, dest, roomId, type }),
      payload: carries === "snapshot" ? encodeJson(snapshotOf(after)) : bytes,
      messageId: MESSAGE_IDS[carries]({ roomId, revision, dest }),
      trace,
    });
  }
}
