import { listHistory, type MessageView } from "@parley/contract/messages";

import type { RoomReference } from "./client-events.ts";
import type { Requester } from "./request.ts";

/** Messages asked for at once, and pages read back at most: 5 000 messages, what is older is paged by hand. */
const PAGE_LIMIT = 100;
const PAGES_MAX = 50;

/**
 * Reads a room's history back, newest page first, until `isEnough` says so of the page just read.
 * @returns the messages, oldest first
 * @throws {ParleyError}
 */
export async function readBack(
  requester: Requester,
  room: RoomReference,
  isEnough: (page: readonly MessageView[]) => boolean,
): Promise<readonly MessageView[]> {
  const newestFirst: MessageView[] = [];
  const tokens = { roomId: room.roomId, siteId: room.siteId };
  let before: string | undefined;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const body = { limit: PAGE_LIMIT, ...(before !== undefined && { before }) };
    const page = await requester.call(listHistory, { tokens, body });
    newestFirst.push(...page.messages);
    before = page.next;
    if (before === undefined || isEnough(page.messages)) break;
  }
  return newestFirst.toReversed();
}
