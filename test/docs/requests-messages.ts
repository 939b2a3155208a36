import {
  deleteMessage,
  editMessage,
  getMessages,
  listAround,
  listNext,
  listThread,
  pinMessage,
  reactToMessage,
} from "@parley/contract/message-requests";
import { listHistory, sendMessage } from "@parley/contract/messages";

import { exampleMessage } from "./example-values.ts";
import type { RequestPage } from "./request-page.ts";

const { messageId, createdAt } = exampleMessage;
const place = `${createdAt}-${messageId}`;
const page = { messages: [exampleMessage], next: place };
const pageRefusals = ["not_room_member", "wrong_site", "invalid_request", "outside_access_window"] as const;
const oneRefusals = ["not_room_member", "wrong_site", "message_not_found", "outside_access_window"] as const;
const changeRefusals = [
  "not_room_member",
  "wrong_site",
  "room_quarantined",
  "room_closed",
  "message_not_found",
  "outside_access_window",
] as const;

/** Sending and reading messages. */
const SAID: readonly RequestPage[] = [
  {
    declaration: sendMessage,
    about:
      "Sends a message. The reply means that it is durably stored; there is no job result. The sender chooses `messageId` and repeats the same request until it is answered: it is stored once, with one `createdAt`. `mentions` are taken as sent, members or not; who is mentioned finds it in the message and counted in `room.list`. `content` may be blank only with `attachments`. `threadOf` names the message a thread begins with; the room's own pages show a reply only with `alsoInRoom`.",
    refusals: [
      "not_room_member",
      "wrong_site",
      "room_quarantined",
      "room_closed",
      "large_room_post_restricted",
      "message_not_found",
      "rate_limited",
      "message_id_reused",
    ],
    body: { messageId, content: "hello", mentions: ["bob"] },
    reply: { status: "ok", messageId, createdAt },
  },
  {
    declaration: listHistory,
    about:
      "Messages, newest first, none from before the member's `historySharedSince`. Not sealed: the answer goes to the caller's own reply inbox. A message whose text the site has lost has `contentState: lost` and empty `content`. A page may end before `limit`; `next` then leads on.",
    refusals: pageRefusals,
    body: { limit: 50 },
    reply: page,
  },
  {
    declaration: listNext,
    about:
      "Messages after a place, oldest first: `after` is the `next` of a page, or `{createdAt}-{messageId}` of a message.",
    refusals: pageRefusals,
    body: { after: place, limit: 50 },
    reply: page,
  },
  {
    declaration: listAround,
    about:
      "A message among those around it, oldest first, half of them on each side; `next` leads on by `msg.next`.",
    refusals: oneRefusals,
    body: { messageId, limit: 21 },
    reply: page,
  },
  {
    declaration: listThread,
    about:
      "The replies of a thread, oldest first; the message it begins with, `messageId`, is not among them.",
    refusals: oneRefusals,
    body: { messageId, limit: 50 },
    reply: page,
  },
  {
    declaration: getMessages,
    about:
      "Messages by id, in the order asked, at most 100. Of several, `missing` names those that are not there or not to be seen; a single one is refused.",
    refusals: [...oneRefusals, "batch_too_large"],
    body: { messageIds: [messageId, "0000000000000000Msg2"] },
    reply: { messages: [exampleMessage], missing: ["0000000000000000Msg2"] },
  },
];

/** Changing messages. */
const CHANGED: readonly RequestPage[] = [
  {
    declaration: editMessage,
    about:
      "Says a message of one's own anew; without `mentions` nobody is mentioned any more. Equal content: `unchanged`, with the moment since which it says so.",
    refusals: [...changeRefusals, "not_message_author", "message_deleted", "invalid_request"],
    body: { messageId, content: "hello, all" },
    reply: { status: "ok", editedAt: createdAt + 1000 },
  },
  {
    declaration: deleteMessage,
    about:
      "Takes a message back: one's own or, as an owner of the room, anybody's but the system's. Its content, attachments, mentions, reactions and pin are erased; a tombstone with `deletedAt` stays. Works in a closed room.",
    refusals: [
      ...changeRefusals.filter((reason) => reason !== "room_closed"),
      "not_message_author",
      "not_room_owner",
    ],
    body: { messageId },
    reply: { status: "ok", deletedAt: createdAt + 2000 },
  },
  {
    declaration: reactToMessage,
    about:
      "Puts an emoji of the caller on a message, or takes it back; sets, never toggles. At most 50 different ones per message, else `invalid_request`.",
    refusals: [...changeRefusals, "message_deleted", "invalid_request"],
    body: { messageId, emoji: "👍", on: true },
    reply: { status: "ok" },
  },
  {
    declaration: pinMessage,
    about: "Pins a message for everybody in the room, or unpins it; sets, never toggles.",
    refusals: [...changeRefusals, "message_deleted", "pin_limit_reached"],
    body: { messageId, pinned: true },
    reply: { status: "ok" },
  },
];

export const MESSAGE_PAGES: readonly RequestPage[] = [...SAID, ...CHANGED];
