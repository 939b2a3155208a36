import { byteOrder } from "@parley/contract/ids";
import type { Reaction, StoredMessage } from "@parley/contract/messages";

import type { MessageRow, ReactionMark } from "./message-store.ts";

function reactionsOf(marks: readonly ReactionMark[]): Reaction[] {
  const byEmoji = Map.groupBy(
    marks.filter(({ on }) => on),
    ({ emoji }) => emoji,
  );
  return [...byEmoji]
    .map(([emoji, given]) => ({ emoji, accounts: given.map(({ account }) => account).toSorted(byteOrder) }))
    .toSorted((a, b) => byteOrder(a.emoji, b.emoji));
}

/** What members see of a row, but for what it says, which is sealed. */
export function storedMessageOf(row: MessageRow): StoredMessage {
  const {
    requestId: _requestId,
    canonical: _canonical,
    lastChangeAt: _lastChangeAt,
    pinAt,
    marks,
    ...view
  } = row;
  if (pinAt === undefined && marks === undefined) return view;
  const given = Object.values(marks ?? {});
  const reactions = reactionsOf(given);
  const markedAt = Math.max(pinAt ?? 0, ...given.map(({ at }) => at));
  return { ...view, ...(reactions.length > 0 && { reactions }), markedAt };
}
