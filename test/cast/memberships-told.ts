import type { RoomReference } from "@parley/client/client-events";

import type { Actor } from "./actor.ts";

/** What an account was told of its membership in a room, in order. */
export const membershipsTold = (actor: Actor, { roomId }: RoomReference): string[] =>
  actor.events.flatMap((event) =>
    (event.type === "added" || event.type === "removed") && event.roomId === roomId ? [event.type] : [],
  );
