import type { Recorder } from "@parley/contract/observe";
import type { MessageStore } from "@parley/mongo/message-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { EventReader } from "@parley/room-log/event-reader";
import type { RoomCache } from "@parley/room-log/room-cache";
import { foldEvents, type RoomLoader } from "@parley/room-log/room-loader";
import type { StoredRoomEvent } from "@parley/room-log/stored-event";

import { planEvent } from "./plan-event.ts";
import { commitEvent, projectEvent, type ProjectionStores } from "./project-event.ts";

/** How many events pass between two words of progress. */
const TELL_EVERY = 1000;

interface Deps extends ProjectionStores {
  readonly rooms: ProjectionStores["rooms"] & Pick<RoomDocumentStore, "touchLastMessage">;
  readonly messages: Pick<MessageStore, "history">;
  readonly reader: Pick<EventReader, "everything">;
  readonly loader: RoomLoader;
  readonly cache: RoomCache;
  readonly recorder: Recorder;
  /** Forgets what is projected of a room, before its first event is projected anew. */
  readonly dropRoom: (roomId: string) => Promise<void>;
  /** Brings back what members of a rebuilt room had said of themselves. */
  readonly restoreOwnState: (roomId: string) => Promise<void>;
  readonly onProgress: (events: number) => void;
}

async function rebuildEvent(deps: Deps, stored: StoredRoomEvent): Promise<void> {
  const { event, streamSequence } = stored;
  const { roomId, revision } = event;
  if (revision === 1) await deps.dropRoom(roomId);
  const known = deps.cache.get(roomId);
  const before = known?.state?.revision === revision - 1 ? known : await deps.loader.loadBefore(stored);
  const room = foldEvents(before, [stored], deps.recorder);
  if (!room.state) throw new Error("an event leaves a state behind");
  const projected = { event, streamSequence, after: room.state };
  const plan = planEvent(event, { before: before.state, after: room.state, names: (account) => account });
  await projectEvent(deps, plan, projected);
  await commitEvent(deps, projected);
  deps.cache.set(roomId, room);
}

async function noteLastMessage(deps: Deps, roomId: string): Promise<void> {
  const { messages } = await deps.messages.history({ roomId, limit: 1 });
  const newest = messages[0];
  if (newest)
    await deps.rooms.touchLastMessage({ roomId, messageId: newest.messageId, at: newest.createdAt });
}

/**
 * Makes every projection anew from the log: steps 1 and 10 of SPEC-rooms 4.2 for each event, in the order of the
 * stream. Sends nothing. Per-user state (seen, muted, favourite) is not in the log: it is set aside, and restored
 * at the end. No room-worker may run meanwhile.
 * @returns how many events of how many rooms it went through
 * @throws UnreadableRoom at the event that breaks a law; what came before it is done
 */
export async function rebuildProjection(deps: Deps): Promise<{ events: number; rooms: number }> {
  const rooms = new Set<string>();
  let events = 0;
  for await (const stored of deps.reader.everything()) {
    await rebuildEvent(deps, stored);
    rooms.add(stored.event.roomId);
    events += 1;
    if (events % TELL_EVERY === 0) deps.onProgress(events);
  }
  for (const roomId of rooms) {
    await noteLastMessage(deps, roomId);
    await deps.restoreOwnState(roomId);
  }
  return { events, rooms: rooms.size };
}
