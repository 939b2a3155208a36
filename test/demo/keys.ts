import type { RoomReference } from "@parley/client/client-events";

import type { Actor } from "../cast/actor.ts";

/** Whether this account's client holds a version of the room's key. */
export const holdsKey = (actor: Actor, room: RoomReference, version: number): boolean =>
  actor.events.some(
    (event) => event.type === "key" && event.roomId === room.roomId && event.version === version,
  );

/**
 * Distinct key bytes these accounts were ever sent for a version: more than one would break invariant 5. What the broker
 * has handed on so far has been heard when this answers.
 */
export async function keyBytes(
  actors: readonly Actor[],
  room: RoomReference,
  version: number,
): Promise<ReadonlySet<string>> {
  await Promise.all(actors.map(({ connection }) => connection.flush()));
  const sent = actors.flatMap(({ keysSent }) =>
    keysSent.filter((key) => key.roomId === room.roomId && key.version === version),
  );
  return new Set(sent.map(({ privateKey }) => privateKey));
}
