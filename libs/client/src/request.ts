import {
  ClosedConnectionError,
  DrainingConnectionError,
  headers,
  type Msg,
  type NatsConnection,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from "@nats-io/nats-core";
import { Failure } from "@parley/contract/failure";
import { HEADERS } from "@parley/contract/headers";
import { uuidV7 } from "@parley/contract/ids";
import { LIMITS } from "@parley/contract/limits";
import type { AnyRequest } from "@parley/contract/request";
import type { Subject, TokensOf } from "@parley/contract/subject";

import type { Clock } from "./clock.ts";
import { closedError, errorOfReply, ParleyError, unansweredError } from "./parley-error.ts";
import { retryWaitMs } from "./retry-policy.ts";

type TemplateOf<D extends AnyRequest> = D["subject"] extends Subject<infer T> ? T : never;

/** What a request takes, before its defaults are filled in. */
export type BodyOf<D extends AnyRequest> = D["body"]["_zod"]["input"];
/** What a request answers. */
export type ReplyOf<D extends AnyRequest> = D["reply"]["_zod"]["output"];
/** The tokens a caller gives; whose request it is the client knows. */
export type CallTokens<D extends AnyRequest> = Omit<TokensOf<TemplateOf<D>>, "homeSite" | "account">;

export interface CallOptions {
  /** A UUID of version 4 or 7; a fresh v7 without it. Repeating an id gives the first outcome. */
  readonly requestId?: string | undefined;
  /** How long one attempt waits for its answer (ms); default 5 000. */
  readonly timeoutMs?: number | undefined;
  /** How long `unavailable` and `too_many_requests` are repeated (ms); default 10 000, 0 is one attempt. */
  readonly deadlineMs?: number | undefined;
}

interface Call<D extends AnyRequest> extends CallOptions {
  readonly tokens: CallTokens<D>;
  readonly body: BodyOf<D>;
}

/** Sends the requests of one account. */
export interface Requester {
  /** The account's home site. */
  readonly siteId: string;
  readonly account: string;
  /**
   * Asks and returns the typed answer. A request whose declaration says `nearest` asks the own site first and the
   * room's home when the own one cannot tell (rule P of SPEC-rooms 1.1).
   * @throws {ParleyError} for every refusal and when nobody answers
   */
  call<D extends AnyRequest>(declaration: D, call: Call<D>): Promise<ReplyOf<D>>;
}

interface Attempt {
  readonly declaration: AnyRequest;
  readonly tokens: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly requestId: string;
  readonly timeoutMs: number;
}

interface RequesterDeps {
  readonly connection: NatsConnection;
  readonly siteId: string;
  readonly account: string;
  readonly clock: Clock;
  /** Aborted when the client closes. */
  readonly signal: AbortSignal;
}

/** Own site's answers after which the home site is asked (rule P). */
const asksHomeToo = (error: unknown): boolean =>
  error instanceof ParleyError &&
  (error.reason === "not_room_member" || error.reason === "room_key_absent" || error.code === "unavailable");

const isUnanswered = (error: unknown): boolean =>
  error instanceof TimeoutError ||
  error instanceof NoRespondersError ||
  (error instanceof RequestError && error.isNoResponders());

const isClosed = (error: unknown): boolean =>
  error instanceof ClosedConnectionError || error instanceof DrainingConnectionError;

function errorOf(error: unknown, asked: { siteId: string; ownSiteId: string; requestId: string }): Error {
  const { requestId } = asked;
  if (error instanceof ParleyError) return error;
  if (isUnanswered(error)) return unansweredError({ ...asked, cause: error });
  if (isClosed(error)) return closedError(error);
  if (error instanceof Failure) {
    return new ParleyError(error.toEnvelope().error, { code: error.code, reason: error.reason, requestId });
  }
  if (error instanceof PermissionViolationError) {
    const text = "These credentials do not allow this request.";
    return new ParleyError(text, { code: "forbidden", requestId, cause: error });
  }
  return new Error(`sending request ${requestId}`, { cause: error });
}

function replyOf(declaration: AnyRequest, message: Msg, requestId: string): unknown {
  const unreadable = (cause: unknown): ParleyError =>
    new ParleyError("The answer cannot be read.", { code: "internal", requestId, cause });
  let body: unknown;
  try {
    body = message.json();
  } catch (error) {
    throw unreadable(error);
  }
  if (typeof body === "object" && body !== null && "error" in body) {
    throw errorOfReply(body, requestId);
  }
  const parsed = declaration.reply.safeParse(body) as { success: boolean; data?: unknown; error?: unknown };
  if (!parsed.success) throw unreadable(parsed.error);
  return parsed.data;
}

/** The requests of one account over an open connection whose inbox prefix is the account's own. */
export function createRequester({ connection, siteId, account, clock, signal }: RequesterDeps): Requester {
  const once = async ({ declaration, tokens, body, requestId, timeoutMs }: Attempt): Promise<unknown> => {
    try {
      const subject = declaration.subject.of({ ...tokens, homeSite: siteId, account } as never);
      const sent = headers();
      sent.set(HEADERS.requestId, requestId);
      const options = { timeout: Math.max(1, Math.round(timeoutMs)), headers: sent };
      return replyOf(
        declaration,
        await connection.request(subject, JSON.stringify(body), options),
        requestId,
      );
    } catch (error) {
      throw errorOf(error, { siteId: tokens["siteId"] ?? siteId, ownSiteId: siteId, requestId });
    }
  };

  const repeated = async (attempt: Attempt, deadlineMs: number): Promise<unknown> => {
    const startedAt = clock.now();
    for (let attempts = 1; ; attempts += 1) {
      const leftMs = attempts === 1 ? attempt.timeoutMs : deadlineMs - (clock.now() - startedAt);
      try {
        return await once({ ...attempt, timeoutMs: Math.min(attempt.timeoutMs, leftMs) });
      } catch (error) {
        if (!(error instanceof ParleyError)) throw error;
        const elapsedMs = clock.now() - startedAt;
        const waitMs = retryWaitMs({ error, attempts, elapsedMs, deadlineMs, random: clock.random() });
        if (waitMs === undefined || signal.aborted) throw error;
        await clock.sleep(waitMs, signal);
      }
    }
  };

  return {
    siteId,
    account,
    call: async (declaration, { tokens, body, ...options }) => {
      const { requestId = uuidV7(clock.now()), timeoutMs = LIMITS.answerWithinMs } = options;
      const attempt: Attempt = { declaration, tokens: { ...tokens }, body, requestId, timeoutMs };
      if (declaration.asks === "nearest" && attempt.tokens["siteId"] !== siteId) {
        try {
          return await once({ ...attempt, tokens: { ...attempt.tokens, siteId } });
        } catch (error) {
          if (!asksHomeToo(error)) throw error;
        }
      }
      return await repeated(attempt, options.deadlineMs ?? 2 * LIMITS.answerWithinMs);
    },
  };
}
