import { byteOrder } from "@parley/contract/ids";
import type { MessageView } from "@parley/contract/messages";

import {
  addChange,
  isAhead,
  mergedView,
  type MessageChange,
  showSame,
  withChanges,
} from "./message-changes.ts";

type Placed = Pick<MessageView, "createdAt" | "messageId">;

/** Order of messages everywhere: when they were created, then their id (SPEC-rooms 5.3). */
export const messageOrder = (a: Placed, b: Placed): number =>
  a.createdAt - b.createdAt || byteOrder(a.messageId, b.messageId);

/** Messages of a room whose changes are remembered: the message itself, or a reading that shows them, may come later. */
const CHANGED_MAX = 2000;

/** A message as it was read, without the changes that were told of it since. */
interface ChangedMessage {
  /** Absent while only its changes are known. */
  readonly base?: MessageView | undefined;
  readonly changes: readonly MessageChange[];
}

/** What a client shows of a room: its newest messages in order, and how far it followed the room's sequence. */
export interface Timeline {
  readonly messages: readonly MessageView[];
  /** Stream sequence of the newest message event seen; undefined before the first. */
  readonly heldSeq: number | undefined;
  /** What history holds from before it is not shown unasked (epoch ms). */
  readonly since: number;
  /** By message id, those longest unchanged first. */
  readonly changed: ReadonlyMap<string, ChangedMessage>;
}

/** A timeline that shows of history what was created from `since` on (epoch ms). */
export const emptyTimeline = (since: number): Timeline => ({
  messages: [],
  heldSeq: undefined,
  since,
  changed: new Map(),
});

/** `unknown`: nothing was held yet, so nobody knows whether something is missing. */
export type Continuity = "whole" | "unknown" | "gap";

/**
 * Notes the sequence of a message event. Unless it is `whole`, its predecessor in the room is not held and history must
 * be read back (SPEC-rooms 5.2). The event counts as held from then on: that reading covers all before it.
 */
export function noteSequence(
  timeline: Timeline,
  event: { readonly seq?: number | undefined; readonly prevSeq?: number | undefined },
): { readonly timeline: Timeline; readonly continuity: Continuity } {
  const { seq, prevSeq = 0 } = event;
  if (seq === undefined) return { timeline, continuity: "whole" };
  const { heldSeq } = timeline;
  const noted = { ...timeline, heldSeq: Math.max(heldSeq ?? 0, seq) };
  if (prevSeq <= (heldSeq ?? 0)) return { timeline: noted, continuity: "whole" };
  return { timeline: noted, continuity: heldSeq === undefined ? "unknown" : "gap" };
}

interface Insertion {
  readonly timeline: Timeline;
  /** The message as it is shown now. */
  readonly message: MessageView;
  /** Whether the message was not shown before. */
  readonly isNew: boolean;
  /** Whether it was shown before and looked otherwise. */
  readonly isChanged: boolean;
}

/** Remembers what was told of a message, or that a reading has caught up with all of it. */
function remember(timeline: Timeline, messageId: string, { base, changes }: ChangedMessage): Timeline {
  if (changes.length === 0 && !timeline.changed.has(messageId)) return timeline;
  const changed = new Map(timeline.changed);
  changed.delete(messageId);
  if (changes.length > 0) changed.set(messageId, { base, changes });
  const [oldest] = changed.keys();
  if (changed.size > CHANGED_MAX && oldest !== undefined) changed.delete(oldest);
  return { ...timeline, changed };
}

/**
 * Puts a message in its place, keeping the newest `shownMax`; one that is older than all of a full window is old. One
 * that is there already shows the newer of both, and the changes that neither knew.
 */
export function insertMessage(timeline: Timeline, message: MessageView, shownMax: number): Insertion {
  const { messages, changed } = timeline;
  const place = messages.findLastIndex((held) => messageOrder(held, message) <= 0);
  const found = messages[place];
  const held = found?.messageId === message.messageId ? found : undefined;
  if (!held && place === -1 && messages.length >= shownMax)
    return { timeline, message, isNew: false, isChanged: false };
  const known = changed.get(message.messageId);
  const before = known?.base ?? held;
  const base = before ? mergedView(before, message) : message;
  const changes = (known?.changes ?? []).filter((change) => isAhead(base, change));
  const shown = withChanges(base, changes);
  const isKnown = held && !known && held.markedAt === shown.markedAt && showSame(held, shown);
  if (isKnown) return { timeline, message: held, isNew: false, isChanged: false };
  const placed = held ? messages.with(place, shown) : messages.toSpliced(place + 1, 0, shown);
  return {
    timeline: {
      ...remember(timeline, message.messageId, { base, changes }),
      messages: placed.slice(-shownMax),
    },
    message: shown,
    isNew: held === undefined,
    isChanged: held !== undefined && !showSame(held, shown),
  };
}

/** A message that is not among the shown, with the changes that were told of it. */
export const asTold = ({ changed }: Timeline, message: MessageView): MessageView =>
  withChanges(message, changed.get(message.messageId)?.changes ?? []);

interface Noted {
  readonly timeline: Timeline;
  /** The message as it is shown now; absent when it is not. */
  readonly message?: MessageView;
  /** Whether anything came of the change. */
  readonly isChanged: boolean;
}

/** Takes a change over, be it of a message that is not there yet. */
export function noteChange(timeline: Timeline, change: MessageChange): Noted {
  const { messages, changed } = timeline;
  const { messageId } = change;
  const place = messages.findLastIndex((held) => held.messageId === messageId);
  const held = messages[place];
  const known = changed.get(messageId) ?? { base: held, changes: [] };
  const changes = addChange(known.changes, change);
  if (!changes || (known.base && !isAhead(known.base, change))) return { timeline, isChanged: false };
  const remembered = remember(timeline, messageId, { ...known, changes });
  if (!held || !known.base) return { timeline: remembered, isChanged: true };
  const message = withChanges(known.base, changes);
  return {
    timeline: { ...remembered, messages: messages.with(place, message) },
    message,
    isChanged: !showSame(held, message),
  };
}

/** Counts a reply that was just told in the message its thread begins with, unless a reading counted it already. */
export function noteReply(timeline: Timeline, reply: Pick<MessageView, "createdAt" | "threadOf">): Noted {
  const { messages, changed } = timeline;
  const place = messages.findLastIndex((held) => held.messageId === reply.threadOf);
  const held = messages[place];
  if (!held || reply.createdAt <= (held.lastReplyAt ?? 0)) return { timeline, isChanged: false };
  const counted = { replyCount: (held.replyCount ?? 0) + 1, lastReplyAt: reply.createdAt };
  const message = { ...held, ...counted };
  const known = changed.get(held.messageId);
  const remembered = known?.base
    ? remember(timeline, held.messageId, { ...known, base: { ...known.base, ...counted } })
    : timeline;
  return { timeline: { ...remembered, messages: messages.with(place, message) }, message, isChanged: true };
}

/** Whether a page of history, newest first, has been read back over everything that is shown. */
export function coversShown(timeline: Timeline, page: readonly MessageView[]): boolean {
  const oldest = page.at(-1);
  if (oldest === undefined || oldest.createdAt < timeline.since) return true;
  const first = timeline.messages[0];
  return first === undefined ? timeline.since === 0 : messageOrder(oldest, first) <= 0;
}
