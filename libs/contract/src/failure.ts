/** The closed set of codes a caller can meet (SPEC-rooms 1.5). */
export type FailureCode =
  | "bad_request"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "too_many_requests"
  | "unavailable"
  | "internal";

type Entry = { readonly code: FailureCode; readonly message: string };
const bad = (message: string): Entry => ({ code: "bad_request", message });
const forbidden = (message: string): Entry => ({ code: "forbidden", message });
const notFound = (message: string): Entry => ({ code: "not_found", message });
const conflict = (message: string): Entry => ({ code: "conflict", message });
const unavailable = (message: string): Entry => ({ code: "unavailable", message });

/** Every reason, the one code it belongs to and the sentence a user may be shown (SPEC-rooms 1.6). */
export const REASONS = {
  invalid_subject: bad("A token of the subject is not valid."),
  invalid_request_id: bad("X-Request-ID must be a UUID of version 4 or 7."),
  invalid_request: bad("The request is not valid; see metadata.issues."),
  response_too_large: bad("The reply would be too large; ask for a smaller page."),
  wrong_site: bad("This request belongs to another site."),
  self_dm: bad("A direct message needs somebody else."),
  invalid_org: bad("An organisation is unknown, empty or not in this room."),
  unknown_site: bad("An account lives at a site this one does not know."),
  batch_too_large: bad("The request names too many accounts at once."),
  non_channel_operation: bad("Only channels allow this."),
  target_not_member: bad("The named account is not a member of this room."),
  promote_requires_individual: bad("Add the account by name before making it an owner."),
  unknown_account: { code: "unauthenticated", message: "The account is not known here." },
  account_disabled: forbidden("The account is disabled."),
  not_room_member: forbidden("You are not a member of this room."),
  not_room_owner: forbidden("Only an owner of the room may do this."),
  admin_required: forbidden("Only a directory administrator may do this."),
  member_through_org: forbidden("The account is a member through an organisation; remove the organisation."),
  external_access_disabled: forbidden("This room takes no accounts of other sites."),
  key_version_not_allowed: forbidden("This key version is from before you joined."),
  device_not_enrolled: forbidden("Keys of this account go to its devices; register this one."),
  site_not_participating: forbidden("The asking site has no part in this room."),
  outside_access_window: forbidden("The message is from before you joined."),
  not_message_author: forbidden("Only the author of the message may do this."),
  large_room_post_restricted: forbidden("Only owners and agents may post in a room of this size."),
  room_not_found: notFound("The room does not exist."),
  message_not_found: notFound("The message does not exist."),
  user_not_found: notFound("An account is unknown or disabled."),
  agent_not_available: notFound("An agent is disabled."),
  device_not_found: notFound("The account has no such device."),
  room_key_absent: notFound("This version of the room key does not exist any more."),
  max_room_size_reached: conflict("The room would have too many members."),
  too_many_orgs: conflict("The room would have too many organisations."),
  last_owner_cannot_leave: conflict("Make somebody else an owner first."),
  last_member_cannot_remove: conflict("The last member cannot be removed."),
  already_owner: conflict("The account is an owner already."),
  target_not_owner: conflict("The account is not an owner."),
  cannot_demote_last_owner: conflict("A room needs at least one owner."),
  request_id_reused: conflict("This request id was used for something else in this room."),
  message_id_reused: conflict("This message id was used for another message."),
  device_id_reused: conflict("This device id was used before; make a new one."),
  device_limit_reached: conflict("The account has too many devices; revoke one first."),
  room_conflict: conflict("The room exists with other participants."),
  directory_mismatch: conflict("The sites disagree on the home of this direct message."),
  room_too_small: conflict("The room has too few people."),
  message_deleted: conflict("The message was deleted."),
  pin_limit_reached: conflict("Too many messages are pinned."),
  room_closed: conflict("The room is closed."),
  rate_limited: { code: "too_many_requests", message: "Too many requests; slow down." },
  revision_conflict: unavailable("The room is changing too fast; repeat the request."),
  overloaded: unavailable("The service is busy; repeat the request."),
  shutting_down: unavailable("The service is restarting; repeat the request."),
  store_unavailable: unavailable("A store does not answer; repeat the request."),
  home_site_unreachable: unavailable(
    "The home site of the room cannot be reached; repeat the request later.",
  ),
  room_quarantined: unavailable("The room is being repaired; repeat the request later."),
} as const satisfies Record<string, Entry>;

export type FailureReason = keyof typeof REASONS;
export const isFailureReason = (text: string): text is FailureReason => Object.hasOwn(REASONS, text);

/** How long a caller waits before repeating, unless the thrower knows better (ms). */
const RETRY_AFTER_MS = 250;

/** The error half of a reply (SPEC-rooms 1.5). */
export interface FailureEnvelope {
  readonly error: string;
  readonly code: FailureCode;
  readonly reason?: FailureReason;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly requestId?: string;
}

export interface FailureDetails {
  /** Facts for the caller, safe to show. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** What went wrong, for the log; never on the wire. */
  readonly detail?: string;
  /** The error behind it, for the log; never on the wire. */
  readonly cause?: unknown;
}

/** An answer, not an accident: a refusal whose reason the caller can act upon. The reason fixes the code. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly reason: FailureReason;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;

  constructor(reason: FailureReason, details: FailureDetails = {}) {
    const entry = REASONS[reason];
    super(details.detail ?? entry.message, { cause: details.cause });
    this.code = entry.code;
    this.reason = reason;
    this.metadata = this.retryable ? { retryAfterMs: RETRY_AFTER_MS, ...details.metadata } : details.metadata;
  }

  /** Only these may be repeated, with the same request id. */
  get retryable(): boolean {
    return this.code === "unavailable" || this.code === "too_many_requests";
  }

  /** The reply's body; says nothing internal. */
  toEnvelope(requestId?: string): FailureEnvelope {
    return {
      error: REASONS[this.reason].message,
      code: this.code,
      reason: this.reason,
      ...(this.metadata && { metadata: this.metadata }),
      ...(requestId !== undefined && { requestId }),
    };
  }
}

/** What a caller reads when an exception escaped a handler; the cause is in the log, once. */
export const internalEnvelope = (requestId?: string): FailureEnvelope => ({
  error: "Something went wrong on our side.",
  code: "internal",
  ...(requestId !== undefined && { requestId }),
});
