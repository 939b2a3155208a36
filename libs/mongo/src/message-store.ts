import type { MessageView, SealedContent, StoredMessage } from "@parley/contract/messages";

import { momentCursor } from "./moment-cursor.ts";

/** A member's newest word on one emoji of a message; taken back it is kept, so that an older word stays without effect. */
export interface ReactionMark {
  readonly emoji: string;
  readonly account: string;
  readonly on: boolean;
  readonly at: number;
}

/** Where a message came from. */
export interface MessageOrigin {
  readonly account: string;
  readonly createdAt: number;
}

interface RowFields {
  readonly requestId: string;
  /** MESSAGES_CANONICAL is known to hold it. */
  readonly canonical: boolean;
  /** `at` of the newest change accepted, applied or not (epoch ms). */
  readonly lastChangeAt?: number;
  /** Of the newest pin, taken back ones too (epoch ms). */
  readonly pinAt?: number;
  /** By emoji and account, under a name without a meaning in paths. */
  readonly marks?: Readonly<Record<string, ReactionMark>>;
}

type RowOf<Message> = Message extends unknown ? Omit<Message, "reactions" | "markedAt"> & RowFields : never;
/** A message as accepted; what it says is sealed. */
export type MessageRow = RowOf<StoredMessage>;

/** In the order of the listing; `next` is absent when nothing visible follows. */
export interface HistoryPage<Message = MessageRow> {
  readonly messages: readonly Message[];
  readonly next?: string;
}

/** What a page is made of: from `since` on (epoch ms), beyond the place a page before ended with. */
interface PageRequest {
  readonly roomId: string;
  readonly since?: number | undefined;
  readonly limit: number;
}

/** The `next` of a page that ends with `message`. */
export const messageCursorOf = (message: Pick<MessageView, "createdAt" | "messageId">): string =>
  momentCursor.of({ at: message.createdAt, id: message.messageId });

/**
 * The messages of the rooms that have their home here. Pages are ordered by (createdAt, messageId); those of the room
 * hold thread replies only where they were sent to the room too. A cursor that is none: Failure `invalid_request`.
 */
export interface MessageStore {
  /** Stores the row unless the room has a message of this id; answers the one that stands. */
  insertIfAbsent(row: MessageRow): Promise<MessageRow>;
  /** As `insertIfAbsent`, for whoever has no use for the row that stands; cheaper by a round trip shared with others. */
  putIfAbsent(row: MessageRow): Promise<void>;
  markCanonical(roomId: string, messageId: string): Promise<void>;
  find(roomId: string, messageId: string): Promise<MessageRow | undefined>;
  /** Who said it and when, without what was said. */
  findOrigin(roomId: string, messageId: string): Promise<MessageOrigin | undefined>;
  /** Those of `messageIds` that the room has, in no particular order. */
  findMany(roomId: string, messageIds: readonly string[]): Promise<readonly MessageRow[]>;
  /** Newest first. */
  history(of: PageRequest & { readonly before?: string | undefined }): Promise<HistoryPage>;
  /** Oldest first. */
  next(of: PageRequest & { readonly after: string }): Promise<HistoryPage>;
  /** The replies to a message, oldest first. */
  thread(
    of: PageRequest & { readonly threadOf: string; readonly after?: string | undefined },
  ): Promise<HistoryPage>;
}

/** One change of a message; `at` is its own among all changes of that message. */
interface ChangeOf {
  readonly roomId: string;
  readonly messageId: string;
  /** Epoch ms. */
  readonly at: number;
}

/** What an edited message says: sealed together with its attachments; in clear only by edits from before bodies were sealed. */
type NewText = { readonly body: SealedContent } | { readonly content: string };

/**
 * Changes of messages that are there. Each may come twice, late and before an older one: the newest edit, mark and pin
 * wins, and a deletion wins over everything.
 */
export interface MessageChangeStore {
  /** A moment for a change: `now`, or as much later as makes it the newest of its message. @throws when there is no row */
  stamp(of: { roomId: string; messageId: string; now: number }): Promise<number>;
  edit(of: ChangeOf & NewText & { mentions?: readonly string[] | undefined }): Promise<void>;
  /** Leaves a tombstone: nothing of what it said, of its attachments, mentions, reactions and pin. */
  remove(of: ChangeOf): Promise<void>;
  react(of: ChangeOf & { emoji: string; account: string; on: boolean }): Promise<void>;
  pin(of: ChangeOf & { pinned: boolean }): Promise<void>;
  /** Counts the replies of a thread anew. */
  countReplies(of: { roomId: string; threadOf: string }): Promise<void>;
  countPinned(roomId: string): Promise<number>;
}

/** Who may see a message. */
export interface MessageAudience {
  /** Whether the history of every member reaches back to the message; `false` for one that is not there. */
  isWholeRoom(roomId: string, messageId: string): Promise<boolean>;
}
