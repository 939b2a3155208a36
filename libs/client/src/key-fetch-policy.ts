import type { UnopenedReason } from "@parley/contract/devices";

import { ParleyError } from "./parley-error.ts";
import { UnusableKey } from "./unusable-key.ts";

/** Pause after a typed refusal, and after one attempt after the other that nobody answered (SPEC-rooms 6.5), ms. */
const REFUSED_PAUSE_MS = 60_000;
const UNANSWERED_PAUSES_MS = [1000, 2000, 5000, 15_000] as const;
const UNANSWERED_PAUSE_MAX_MS = 15_000;

/** What is known of fetching one key version. */
export interface FetchState {
  /** Attempts in a row that nobody answered. */
  readonly unanswered: number;
  /** No attempt before this moment (epoch ms). */
  readonly notBefore: number;
  /** Why messages of this version stay unopened meanwhile. */
  readonly reason: UnopenedReason;
  /** When the key was last fetched, whatever came before (epoch ms). */
  readonly fetchedAt?: number;
  /** What was handed out does not open: the next attempt says so. */
  readonly isInvalid?: true;
}

export const freshFetch: FetchState = { unanswered: 0, notBefore: 0, reason: "key_pending" };

const FINAL_REASONS: Readonly<Record<string, UnopenedReason>> = {
  key_version_not_allowed: "before_you_joined",
  not_room_member: "after_you_left",
  room_key_absent: "version_expired",
  device_not_enrolled: "device_not_enrolled",
};

/** Reasons under which asking again changes nothing: the message is not shown at all. */
const HIDDEN: ReadonlySet<UnopenedReason> = new Set(["before_you_joined", "after_you_left"]);

/** Whether a message unopened for this reason is hidden instead of being fetched from history. */
export const isHidden = (reason: UnopenedReason): boolean => HIDDEN.has(reason);

/** What an error says about the key for good, or undefined when asking again soon may bring it. */
export function finalReason(error: unknown): UnopenedReason | undefined {
  if (error instanceof UnusableKey) return error.reason;
  if (!(error instanceof ParleyError) || error.retryable) return undefined;
  return FINAL_REASONS[error.reason ?? ""] ?? "key_pending";
}

/** The state after a failed attempt: 60 s after a typed refusal or a key of no use, else 1, 2, 5, then 15 s. */
export function afterFailedFetch(before: FetchState, error: unknown, now: number): FetchState {
  const { isInvalid: _said, ...state } = before;
  const final = finalReason(error);
  if (final !== undefined) {
    return { ...state, unanswered: 0, notBefore: now + REFUSED_PAUSE_MS, reason: final };
  }
  const pauseMs = UNANSWERED_PAUSES_MS[state.unanswered] ?? UNANSWERED_PAUSE_MAX_MS;
  const away = error instanceof ParleyError && error.reason === "home_site_unreachable";
  return {
    ...state,
    unanswered: state.unanswered + 1,
    notBefore: now + pauseMs,
    reason: away ? "home_site_unreachable" : "key_pending",
  };
}

/** The state once a wrap came that does not open: pauses go on, the next attempt asks for a fresh one. */
export const afterInvalid = (state: FetchState): FetchState => ({ ...state, isInvalid: true });

/** The state after a key came, by `key.get`. */
export const afterFetch = (now: number): FetchState => ({ ...freshFetch, fetchedAt: now });

/** Whether a body that the held key does not open is worth one more fetch: not if the key was just fetched. */
export const isWorthRefetch = (state: FetchState | undefined, now: number): boolean =>
  state?.fetchedAt === undefined || now - state.fetchedAt > REFUSED_PAUSE_MS;
