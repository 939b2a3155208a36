import { favouriteRoom, listReceipts, markRead, muteRoom } from "@parley/contract/own-state";

import { exampleMessage } from "./example-values.ts";
import type { RequestPage } from "./request-page.ts";

const readAt = exampleMessage.createdAt + 500;

/** What a member says of its own relation to a room. */
export const OWN_STATE: readonly RequestPage[] = [
  {
    declaration: markRead,
    about:
      "Says that the caller has read everything up to `upTo`, without it up to now. The reply holds the value that stands: an older one never lowers it, and none reaches further than 5 min ahead of site time. Send the `createdAt` of the newest message shown: what is created up to `lastSeenAt` counts as read, shown or not. Your other clients get `subscription.update` with `read`. Asked at your own site wherever the room lives; its home learns of it as soon as it can be reached.",
    refusals: ["wrong_site", "invalid_request", "not_room_member"],
    body: { upTo: readAt },
    reply: { status: "ok", lastSeenAt: readAt },
  },
  {
    declaration: muteRoom,
    about:
      "Mutes the room for the caller or takes that back. It sets, it does not toggle; of several clients the last to ask wins. Your other clients get `subscription.update` with `muted`. It stays at your own site.",
    refusals: ["wrong_site", "invalid_request", "not_room_member"],
    body: { muted: true },
    reply: { status: "ok", muted: true },
  },
  {
    declaration: favouriteRoom,
    about: "As `mute`, for a favourite of the caller; the notice's action is `favourite`.",
    refusals: ["wrong_site", "invalid_request", "not_room_member"],
    body: { favourite: true },
    reply: { status: "ok", favourite: true },
  },
];

/** What the author of a message may know of its readers. */
export const RECEIPTS: readonly RequestPage[] = [
  {
    declaration: listReceipts,
    about:
      "Who has read a message of the caller: members whose `lastSeenAt` has reached its `createdAt` and who may see it, the author left out. At most 500 are named, who read least far first; `total` counts all. What members of other sites read counts once their site has told the room's home.",
    refusals: [
      "not_room_member",
      "wrong_site",
      "message_not_found",
      "outside_access_window",
      "not_message_author",
    ],
    body: { messageId: exampleMessage.messageId },
    reply: { readers: [{ account: "bob", name: "Bob Baker", lastSeenAt: readAt }], total: 1 },
  },
];
