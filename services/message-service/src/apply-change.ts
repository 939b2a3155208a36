import type { CanonicalMessage } from "@parley/contract/messages";
import type { MessageChangeStore } from "@parley/mongo/message-store";

/** A canonical message that changes another. */
export type CanonicalChange = Exclude<CanonicalMessage, { readonly type: "created" }>;

export type ApplyChange = (change: CanonicalChange) => Promise<void>;

/** Brings an accepted change to the message's row; safe to repeat, in any order. */
export function createApplyChange(
  changes: Pick<MessageChangeStore, "edit" | "remove" | "react" | "pin">,
): ApplyChange {
  return async (change) => {
    const { roomId, messageId, at } = change;
    const of = { roomId, messageId, at };
    switch (change.type) {
      case "edited":
        return changes.edit({ ...of, ...change.data });
      case "deleted":
        return changes.remove(of);
      case "reacted":
        return changes.react({ ...of, ...change.data, account: change.actor.account });
      case "pinned":
        return changes.pin({ ...of, ...change.data });
    }
  };
}
