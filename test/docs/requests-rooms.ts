import { getRoom } from "@parley/contract/room-requests";

import { exampleRoom, exampleSubscription } from "./example-values.ts";
import type { RequestPage } from "./request-page.ts";

/** Reads of one room. */
export const ROOM_READS: readonly RequestPage[] = [
  {
    declaration: getRoom,
    about: "The room and the caller's part in it. `stale`: from a replica.",
    refusals: ["not_room_member"],
    body: {},
    reply: { room: exampleRoom, subscription: exampleSubscription, stale: false },
  },
];
