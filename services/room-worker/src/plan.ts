import type { SubscriptionUpdate, RoomNotices } from "@parley/contract/notices";
import type { MemberEntry } from "@parley/contract/shapes";
import type { MembershipChange } from "@parley/mongo/subscription-store";

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

/** A notice to one member or former member about their own subscription. */
export interface OwnNotice {
  readonly member: MemberEntry;
  readonly action: Extract<SubscriptionUpdate["action"], "removed" | "role_changed">;
}

/**
 * What one event brings about, step by step of SPEC-rooms 4.2. Pure data, worked out from the event and the state
 * after it, so that every attempt plans the same.
 */
export interface Plan {
  /** 1: rows to write, to change, to mark removed. */
  readonly put: readonly MemberEntry[];
  readonly change: readonly MembershipChange[];
  readonly remove: readonly string[];
  /** 2 */
  readonly key: KeyCall;
  /** 3: learn of the room before its key. */
  readonly newcomers: readonly MemberEntry[];
  /** 4: receive the key in hand. */
  readonly keyRecipients: readonly MemberEntry[];
  /** 5: whether the prepared version becomes current. */
  readonly activate: boolean;
  /** 6 */
  readonly ownNotices: readonly OwnNotice[];
  /** 7 */
  readonly roomNotice?: RoomNotice;
  /** 8 */
  readonly systemMessages: readonly SystemMessage[];
}

export const NOTHING: Plan = {
  put: [],
  change: [],
  remove: [],
  key: { call: "none" },
  newcomers: [],
  keyRecipients: [],
  activate: false,
  ownNotices: [],
  systemMessages: [],
};
