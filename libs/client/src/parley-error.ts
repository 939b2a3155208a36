import { Failure, type FailureCode, REASONS } from "@parley/contract/failure";

/** The request ended because the client was closed; the one reason that only this library knows. */
const CLIENT_CLOSED = "client_closed";

interface ErrorFacts {
  readonly code: FailureCode;
  readonly reason?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly requestId?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Why a request was refused or found nobody to answer it. `code` is from the closed set of the contract, `reason` from
 * its catalogue (`@parley/contract/failure`); `message` is safe to show.
 */
export class ParleyError extends Error {
  override readonly name = "ParleyError";
  readonly code: FailureCode;
  readonly reason: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** Repeat the request with this id to get its first outcome. */
  readonly requestId: string | undefined;

  constructor(message: string, facts: ErrorFacts) {
    super(message, { cause: facts.cause });
    this.code = facts.code;
    this.reason = facts.reason;
    this.metadata = facts.metadata;
    this.requestId = facts.requestId;
  }

  /** Whether repeating the same request, with the same id, can succeed. */
  get retryable(): boolean {
    if (this.reason === CLIENT_CLOSED) return false;
    return this.code === "unavailable" || this.code === "too_many_requests";
  }

  /** How long the refusing service asks to wait (ms). */
  get retryAfterMs(): number | undefined {
    const wait = this.metadata?.["retryAfterMs"];
    return typeof wait === "number" ? wait : undefined;
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const isCode = (value: string | undefined): value is FailureCode =>
  value === "internal" || Object.values(REASONS).some(({ code }) => code === value);

/** The error of a reply with an `error` field (SPEC-rooms 1.5); a code of a newer service counts as `internal`. */
export function errorOfReply(reply: object, requestId: string): ParleyError {
  const fields: Readonly<Record<string, unknown>> = { ...reply };
  const code = textOf(fields["code"]);
  const metadata = fields["metadata"];
  return new ParleyError(textOf(fields["error"]) ?? "The request was refused.", {
    code: isCode(code) ? code : "internal",
    reason: textOf(fields["reason"]),
    metadata:
      typeof metadata === "object" && metadata !== null ? (metadata as Record<string, unknown>) : undefined,
    requestId: textOf(fields["requestId"]) ?? requestId,
  });
}

/** Nobody answered at `siteId`: a foreign site is `home_site_unreachable`, the own one plainly unavailable (1.6). */
export function unansweredError(of: {
  readonly siteId: string;
  readonly ownSiteId: string;
  readonly requestId: string;
  readonly cause: unknown;
}): ParleyError {
  const { siteId, ownSiteId, requestId, cause } = of;
  // As a service would say it, with when to ask again.
  const { code, metadata = {} } = new Failure("home_site_unreachable", { metadata: { siteId } });
  const facts = { code, metadata, requestId, cause };
  return siteId === ownSiteId
    ? new ParleyError("Your site does not answer; repeat the request.", facts)
    : new ParleyError(REASONS.home_site_unreachable.message, { ...facts, reason: "home_site_unreachable" });
}

/** What pending work ends with when the client is closed. */
export const closedError = (cause?: unknown): ParleyError =>
  new ParleyError("The client was closed.", { code: "unavailable", reason: CLIENT_CLOSED, cause });
