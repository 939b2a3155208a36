import type { UnopenedReason } from "@parley/contract/devices";
import type { MessageView, RoomEvent } from "@parley/contract/messages";
import type { RoomNotices } from "@parley/contract/notices";
import type { JobResult } from "@parley/contract/room-requests";
import type { Role, RoomView, SubscriptionView } from "@parley/contract/shapes";

import type { MessageChange } from "./message-changes.ts";
import type { ParleyError } from "./parley-error.ts";

/** A room by its id and home site; rooms, jobs and events of this library all are one. */
export interface RoomReference {
  readonly roomId: string;
  readonly siteId: string;
}

/** This account is in a room now. */
interface Added extends RoomReference {
  readonly type: "added";
  readonly revision: number;
  readonly by?: string | undefined;
  readonly room: RoomView;
  readonly subscription: SubscriptionView;
}

/** This account is in the room no more; `noticed` is false when a listing after a reconnect showed it. */
interface Removed extends RoomReference {
  readonly type: "removed";
  readonly noticed: boolean;
  readonly revision?: number | undefined;
  readonly by?: string | undefined;
}

interface RoleChanged extends RoomReference {
  readonly type: "role_changed";
  readonly account: string;
  readonly role: Role;
  readonly revision: number;
  readonly by?: string | undefined;
}

/** This account has read further, with whichever of its clients. */
interface Read extends RoomReference {
  readonly type: "read";
  readonly lastSeenAt: number;
}

/** This account muted the room or took that back, with whichever of its clients. */
interface Muted extends RoomReference {
  readonly type: "muted";
  readonly muted: boolean;
}

/** This account made the room a favourite or took that back, with whichever of its clients. */
interface Favourite extends RoomReference {
  readonly type: "favourite";
  readonly favourite: boolean;
}

/** A room key arrived and is persisted. Its bytes stay in the key ring. */
interface KeyArrived extends RoomReference {
  readonly type: "key";
  readonly version: number;
}

/**
 * The room's key was handed out for another roster than the one this client is shown at the same revision: somebody may
 * hold this key whom the list of members does not show. Told once for each revision.
 */
interface RosterMismatch extends RoomReference {
  readonly type: "roster_mismatch";
  readonly version: number;
  readonly revision: number;
}

/** A message, opened here (`live`) or read from history because it was missed or could not be opened. */
interface MessageArrived extends RoomReference {
  readonly type: "message";
  readonly message: MessageView;
  readonly via: "live" | "history";
}

/**
 * A message was edited, deleted, pinned or reacted to, or its thread grew. `message` is how it is shown now; it is absent
 * for one that is not among the shown. `change` is what was told live; without it the difference was read from history.
 */
interface MessageChanged extends RoomReference {
  readonly type: "message_changed";
  readonly messageId: string;
  readonly message?: MessageView;
  readonly change?: MessageChange;
  readonly via: "live" | "history";
}

/** Somebody else is typing in the room, or was within the last seconds. */
interface Typing extends RoomReference {
  readonly type: "typing";
  readonly account: string;
}

/** An event that cannot be opened, at most once per reason; a `message` event follows if it can be later. */
interface Unopened extends RoomReference {
  readonly type: "unopened";
  readonly event: RoomEvent["type"];
  readonly id: string;
  readonly at: number;
  readonly version: number;
  readonly reason: UnopenedReason;
}

/** A notice to everybody in the room: `members_added`, `members_removed`, `room_renamed` and the like. */
type Noticed = {
  [T in Exclude<keyof RoomNotices, "role_changed">]: RoomReference & {
    readonly type: T;
    readonly revision: number;
  } & RoomNotices[T];
}[Exclude<keyof RoomNotices, "role_changed">];

/** The one outcome of an accepted request of this account, whichever device sent it. */
interface JobFinished extends RoomReference {
  readonly type: "job";
  readonly result: JobResult;
}

/** A send kept from an earlier run was refused for good; sends of this run reject their promise instead. */
interface SendRefused extends RoomReference {
  readonly type: "send_refused";
  readonly messageId: string;
  readonly error: ParleyError;
}

/**
 * Something was missed. `messages`: a hole in the room's sequence, its messages follow with `via: "history"`.
 * `revision`: the room changed unseen, list its members again. `overflow`: this iterator was read too slowly and
 * `dropped` events were let go; the messages among them follow, for the rest read `client.rooms()` again. Of one room
 * the newest 5 000 missed messages follow; page `client.history` for older ones.
 */
interface Gap {
  readonly type: "gap";
  readonly cause: "messages" | "revision" | "overflow";
  readonly roomId?: string;
  readonly dropped?: number;
}

/** What a client tells its owner; `type` tells them apart. */
export type ClientEvent =
  | Added
  | Removed
  | RoleChanged
  | Read
  | Muted
  | Favourite
  | KeyArrived
  | RosterMismatch
  | MessageArrived
  | MessageChanged
  | Typing
  | Unopened
  | Noticed
  | JobFinished
  | SendRefused
  | Gap
  | { readonly type: "disconnected" }
  | { readonly type: "reconnected" };

export type MessageEvent = Extract<ClientEvent, { type: "message" }>;
