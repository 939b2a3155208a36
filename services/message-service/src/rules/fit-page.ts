import type { MessageView } from "@parley/contract/messages";
import { messageCursorOf, type HistoryPage } from "@parley/mongo/message-store";

/** For everything in the reply but the messages: braces, names and the cursor. */
const FRAME_BYTES = 256;
const encoder = new TextEncoder();

/**
 * Ends a page before it outgrows a reply of `bytesMax` bytes; `next` then leads on from where it ends. One message
 * always fits: its limits are far below a reply's.
 */
export function fitPage(
  page: HistoryPage<MessageView>,
  bytesMax: number,
): { messages: MessageView[]; next?: string } {
  const messages: MessageView[] = [];
  let bytes = FRAME_BYTES;
  for (const message of page.messages) {
    bytes += encoder.encode(JSON.stringify(message)).length + 1;
    if (bytes > bytesMax && messages.length > 0) break;
    messages.push(message);
  }
  const last = messages.at(-1);
  const isCut = messages.length < page.messages.length;
  const next = isCut && last ? messageCursorOf(last) : page.next;
  return { messages, ...(next !== undefined && { next }) };
}
