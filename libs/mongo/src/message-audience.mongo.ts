import type { Db } from "mongodb";

import { collectionsOf } from "./collections.ts";
import type { MessageAudience } from "./message-store.ts";
import { messageIdOf } from "./message-store.mongo.ts";
import { storeCall } from "./store-call.ts";
import { NOT_REMOVED } from "./subscription-store.mongo.ts";

export function mongoMessageAudience(database: Db): MessageAudience {
  const { messages, subscriptions } = collectionsOf(database);
  return {
    isWholeRoom: (roomId, messageId) =>
      storeCall("finding out who sees a message", async () => {
        const message = await messages.findOne(
          { _id: messageIdOf(roomId, messageId) },
          { projection: { createdAt: 1 } },
        );
        if (!message) return false;
        const later = { $gt: message.createdAt };
        // Nobody's history begins after they joined; the bound lets the index leave out who was there already.
        const late = await subscriptions.findOne(
          { roomId, joinedAt: later, historySharedSince: later, ...NOT_REMOVED },
          { projection: { _id: 1 } },
        );
        return late === null;
      }),
  };
}
