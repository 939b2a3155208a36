import { Buffer } from "node:buffer";

import type { Db } from "mongodb";

import { collectionsOf } from "./collections.ts";
import { guardedWrite, type GuardedWrite } from "./guarded-write.ts";
import type { MessageChangeStore } from "./message-store.ts";
import { messageIdOf } from "./message-store.mongo.ts";
import { storeCall } from "./store-call.ts";

/** A deletion wins over every other change, whichever came first. */
const NOT_DELETED = { deletedAt: { $exists: false } } as const;

/** What a tombstone holds no more. */
const ERASED = {
  body: "",
  attachments: "",
  mentions: "",
  mentionAll: "",
  editedAt: "",
  marks: "",
  pinnedAt: "",
  pinAt: "",
} as const;

/** What a row has of its text before it is sealed. */
const CLEAR_TEXT = ["content", "attachments"] as const;

/** An account has no line feed, so the last one parts it from the emoji. */
const markName = (emoji: string, account: string): string =>
  Buffer.from(`${emoji}\n${account}`).toString("base64url");

type Change = Omit<GuardedWrite, "id" | "whenAbsent" | "where">;

export function mongoMessageChangeStore(database: Db): MessageChangeStore {
  const { messages } = collectionsOf(database);

  const change = (what: string, of: { roomId: string; messageId: string }, write: Change): Promise<void> =>
    storeCall(what, async () => {
      const id = messageIdOf(of.roomId, of.messageId);
      await guardedWrite(messages, [{ ...write, id, whenAbsent: "skip", where: NOT_DELETED, untimed: true }]);
    });

  return {
    stamp: ({ roomId, messageId, now }) =>
      storeCall("stamping a change of a message", async () => {
        const later = { $max: [now, { $add: ["$createdAt", 1] }, { $add: ["$lastChangeAt", 1] }] };
        const stamped = await messages.findOneAndUpdate(
          { _id: messageIdOf(roomId, messageId) },
          [{ $set: { lastChangeAt: later } }],
          { returnDocument: "after", projection: { lastChangeAt: 1 } },
        );
        if (stamped?.lastChangeAt === undefined) throw new Error("the message to change has no row");
        return stamped.lastChangeAt;
      }),

    edit: ({ at, mentions, ...of }) => {
      const said =
        "body" in of
          ? { set: { body: of.body }, unset: CLEAR_TEXT }
          : { set: { content: of.content }, unset: ["body"] };
      return change("editing a message", of, {
        guard: { field: "editedAt", value: at },
        set: { ...said.set, ...(mentions && { mentions }) },
        unset: [...said.unset, ...(mentions ? [] : ["mentions"])],
      });
    },

    remove: ({ roomId, messageId, at }) =>
      storeCall("deleting a message", async () => {
        // The first deletion counts, so that two of them end the same in either order.
        const filter = { _id: messageIdOf(roomId, messageId), deletedAt: { $not: { $lte: at } } };
        await messages.updateOne(filter, { $set: { content: "", deletedAt: at }, $unset: ERASED });
      }),

    react: ({ at, emoji, account, on, ...of }) => {
      const mark = `marks.${markName(emoji, account)}`;
      return change("marking a message", of, {
        guard: { field: `${mark}.at`, value: at },
        set: { [`${mark}.emoji`]: emoji, [`${mark}.account`]: account, [`${mark}.on`]: on },
      });
    },

    pin: ({ at, pinned, ...of }) =>
      change("pinning a message", of, {
        guard: { field: "pinAt", value: at },
        set: pinned ? { pinnedAt: at } : {},
        unset: pinned ? [] : ["pinnedAt"],
      }),

    countReplies: ({ roomId, threadOf }) =>
      storeCall("counting the replies of a thread", async () => {
        // Counted and not added to: a repeat says the same. First the count: whoever reads both must never find a reply
        // counted that `lastReplyAt` does not reach, for it would count that one once more.
        const replyCount = await messages.countDocuments({ roomId, threadOf });
        const [newest] = await messages
          .find({ roomId, threadOf }, { projection: { createdAt: 1 } })
          .sort({ createdAt: -1 })
          .limit(1)
          .toArray();
        if (!newest) return;
        await messages.updateOne(
          { _id: messageIdOf(roomId, threadOf) },
          { $max: { replyCount, lastReplyAt: newest.createdAt } },
        );
      }),

    countPinned: (roomId) =>
      storeCall("counting pinned messages", () =>
        messages.countDocuments({ roomId, pinnedAt: { $exists: true } }),
      ),
  };
}
