import { byteOrder } from "@parley/contract/ids";
import type { MessageNotices, MessageView } from "@parley/contract/messages";

/** A change of a message as it was told; no two changes of one message have the same `at` (epoch ms). */
export type MessageChange =
  | {
      readonly type: "message_edited";
      readonly messageId: string;
      readonly at: number;
      readonly content: string;
      readonly mentions?: string[] | undefined;
    }
  | ({ readonly type: "message_deleted"; readonly at: number } & Omit<
      MessageNotices["message_deleted"],
      "deletedAt"
    >)
  | ({ readonly type: "message_reacted"; readonly at: number } & MessageNotices["message_reacted"])
  | ({ readonly type: "message_pinned"; readonly at: number } & MessageNotices["message_pinned"]);

type Reacted = Extract<MessageChange, { type: "message_reacted" }>;

/** What is left of a deleted message. */
function tombstoneOf(view: MessageView, deletedAt: number): MessageView {
  const {
    contentState: _contentState,
    attachments: _attachments,
    mentions: _mentions,
    mentionAll: _mentionAll,
    editedAt: _editedAt,
    reactions: _reactions,
    pinnedAt: _pinnedAt,
    markedAt: _markedAt,
    ...rest
  } = view;
  return { ...rest, content: "", deletedAt: Math.min(deletedAt, view.deletedAt ?? deletedAt) };
}

function reactionsAfter(view: MessageView, { emoji, on, by }: Reacted): MessageView {
  const { reactions = [], ...rest } = view;
  const others = reactions.filter((reaction) => reaction.emoji !== emoji);
  const before = reactions.find((reaction) => reaction.emoji === emoji)?.accounts ?? [];
  const accounts = before.filter((account) => account !== by);
  if (on) accounts.push(by);
  const after =
    accounts.length === 0 ? others : [...others, { emoji, accounts: accounts.toSorted(byteOrder) }];
  if (after.length === 0) return rest;
  return { ...rest, reactions: after.toSorted((a, b) => byteOrder(a.emoji, b.emoji)) };
}

/** Whether a view does not show the change yet. A deletion wins over everything, the first of several. */
export function isAhead(view: MessageView, change: MessageChange): boolean {
  if (change.type === "message_deleted") return change.at < (view.deletedAt ?? Infinity);
  if (view.deletedAt !== undefined) return false;
  return change.at > ((change.type === "message_edited" ? view.editedAt : view.markedAt) ?? 0);
}

function afterChange(view: MessageView, change: MessageChange): MessageView {
  if (!isAhead(view, change)) return view;
  switch (change.type) {
    case "message_edited": {
      const { mentions: _mentions, contentState: _contentState, ...rest } = view;
      const { content, mentions, at } = change;
      return { ...rest, content, ...(mentions && { mentions }), editedAt: at };
    }
    case "message_deleted":
      return tombstoneOf(view, change.at);
    case "message_reacted":
      return reactionsAfter(view, change);
    case "message_pinned": {
      const { pinnedAt: _, ...rest } = view;
      return { ...rest, ...(change.pinned && { pinnedAt: change.at }) };
    }
  }
}

/** A message with the changes that were told of it, one for each subject: they do not touch each other. */
export const withChanges = (view: MessageView, changes: readonly MessageChange[]): MessageView =>
  changes.reduce(afterChange, view);

/** Of two changes with the same subject the newer counts; of deletions the older. */
function subjectOf(change: MessageChange): string {
  return change.type === "message_reacted" ? `${change.type}\n${change.by}\n${change.emoji}` : change.type;
}

/** The changes with one more; undefined when nothing comes of it. */
export function addChange(
  changes: readonly MessageChange[],
  change: MessageChange,
): readonly MessageChange[] | undefined {
  const subject = subjectOf(change);
  const standing = changes.find((each) => subjectOf(each) === subject);
  const isFirst = standing === undefined;
  const isWinner =
    isFirst || (change.type === "message_deleted" ? change.at < standing.at : change.at > standing.at);
  return isWinner ? [...changes.filter((each) => each !== standing), change] : undefined;
}

/** The one that is newer by a moment of theirs, and of equals the one that was read. */
const newerBy = (
  moment: "editedAt" | "markedAt",
  of: { readonly held: MessageView; readonly read: MessageView },
): MessageView => ((of.read[moment] ?? 0) >= (of.held[moment] ?? 0) ? of.read : of.held);

/** The newer text; what was lost since it was heard is still known to who heard it. */
function textOf(of: { readonly held: MessageView; readonly read: MessageView }) {
  const newer = newerBy("editedAt", of);
  const isKnown = newer.contentState === "lost" && newer.editedAt === of.held.editedAt;
  const { content, contentState, attachments } = isKnown ? of.held : newer;
  return {
    content,
    ...(contentState && { contentState }),
    ...(attachments && { attachments }),
    mentions: newer.mentions,
    editedAt: newer.editedAt,
  };
}

const largest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : Math.max(a, b ?? a);

/** What two readings of the same message say together: of each part the newer. */
export function mergedView(held: MessageView, read: MessageView): MessageView {
  const deletedAt = Math.min(held.deletedAt ?? Infinity, read.deletedAt ?? Infinity);
  const replies = {
    replyCount: largest(held.replyCount, read.replyCount),
    lastReplyAt: largest(held.lastReplyAt, read.lastReplyAt),
  };
  if (deletedAt !== Infinity) return tombstoneOf({ ...read, ...replies }, deletedAt);
  const { attachments: _attachments, contentState: _contentState, ...rest } = read;
  const { reactions, pinnedAt, markedAt } = newerBy("markedAt", { held, read });
  return { ...rest, ...replies, ...textOf({ held, read }), reactions, pinnedAt, markedAt };
}

/** Whether two views of the same message show the same. */
export const showSame = (a: MessageView, b: MessageView): boolean => shownParts(a) === shownParts(b);

const shownParts = (view: MessageView): string =>
  JSON.stringify([
    view.content,
    view.contentState,
    view.mentions,
    view.attachments,
    view.editedAt,
    view.deletedAt,
    view.reactions,
    view.pinnedAt,
    view.replyCount,
    view.lastReplyAt,
  ]);
