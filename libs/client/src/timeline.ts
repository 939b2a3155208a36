import { byteOrder } from "@parley/contract/ids";
import type { MessageView } from "@parley/contract/messages";

type Placed = Pick<MessageView, "createdAt" | "messageId">;

/** Order of messages everywhere: when they were created, then their id (SPEC-rooms 5.3). */
export const messageOrder = (a: Placed, b: Placed): number =>
  a.createdAt - b.createdAt || byteOrder(a.messageId, b.messageId);

/** What a client shows of a room: its newest messages in order, and how far it followed the room's sequence. */
export interface Timeline {
  readonly messages: readonly MessageView[];
  /** Stream sequence of the newest message event seen; undefined before the first. */
  readonly heldSeq: number | undefined;
  /** What history holds from before it is not shown unasked (epoch ms). */
  readonly since: number;
}

/** A timeline that shows of history what was created from `since` on (epoch ms). */
export const emptyTimeline = (since: number): Timeline => ({ messages: [], heldSeq: undefined, since });

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
  /** Whether the message was not shown before. */
  readonly isNew: boolean;
}

/** Puts a message in its place, keeping the newest `shownMax`; one that is older than all of a full window is old. */
export function insertMessage(timeline: Timeline, message: MessageView, shownMax: number): Insertion {
  const unchanged = { timeline, isNew: false };
  const { messages } = timeline;
  const place = messages.findLastIndex((held) => messageOrder(held, message) <= 0);
  if (messages[place]?.messageId === message.messageId) return unchanged;
  if (place === -1 && messages.length >= shownMax) return unchanged;
  const placed = messages.toSpliced(place + 1, 0, message);
  return { timeline: { ...timeline, messages: placed.slice(-shownMax) }, isNew: true };
}

/** Whether a page of history, newest first, has been read back over everything that is shown. */
export function coversShown(timeline: Timeline, page: readonly MessageView[]): boolean {
  const oldest = page.at(-1);
  if (oldest === undefined || oldest.createdAt < timeline.since) return true;
  const first = timeline.messages[0];
  return first === undefined ? timeline.since === 0 : messageOrder(oldest, first) <= 0;
}
