import type { RoomNotices } from "@parley/contract/notices";
import type { MemberEntry } from "@parley/contract/shapes";
import type { MembershipChange } from "@parley/room/membership-change";

import type { SystemMessage } from "./system-messages.ts";

/** One call of the key store per event (SPEC-rooms 4.2, step 2). */
export type KeyCall =
  | { readonly call: "none" }
  /** The pair of a new version: made now or at an earlier attempt. */
  | { readonly call: "prepare"; readonly version: number }
  /** The pair newcomers get: exactly this version, never a newer one. */
  | { readonly call: "version"; readonly version: number }
  /** Whatever is current, at least this version, to seal a notice. */
  | { readonly call: "current"; readonly version: number };

/** A notice to everybody in the room, sealed. */
export type RoomNotice = {
  [T in keyof RoomNotices]: { readonly type: T; readonly body: RoomNotices[T] };
}[keyof RoomNotices];

/** What one event brings about beyond the rows of its members. */
export interface Announcement {
  /** 2 */
  readonly key: KeyCall;
  /** 4: receive the key in hand. */
  readonly keyRecipients: readonly MemberEntry[];
  /** 5: whether the prepared version becomes current. */
  readonly activate: boolean;
  /** 7 */
  readonly roomNotice?: RoomNotice;
  /** 8 */
  readonly systemMessages: readonly SystemMessage[];
}

/**
 * Everything one event brings about, step by step of SPEC-rooms 4.2: rows (1), newcomers to tell (3), former members
 * and changed roles to tell (6), and what is announced. Pure data, worked out from the event and the states around it,
 * so that every attempt plans the same.
 */
export type Plan = MembershipChange & Announcement;

export const NOTHING: Announcement = {
  key: { call: "none" },
  keyRecipients: [],
  activate: false,
  systemMessages: [],
};
