import { NoRespondersError, RequestError, TimeoutError } from "@nats-io/nats-core";
import { Failure, isFailureReason } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";
import type { RequestDeclaration } from "@parley/contract/request";
import type { TokensOf } from "@parley/contract/subject";
import { z } from "zod";

import type { Broker } from "./connect-nats.ts";
import { encodeJson } from "./publish.ts";
import { traceHeaders, type Trace } from "./trace.ts";

const refusal = z.object({
  error: z.string(),
  reason: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});

/** Nobody answered: nobody serves the subject, the answer did not come in time, or the own connection is gone. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  readonly why: "no_responders" | "timeout" | "connection";

  constructor(operation: string, cause: unknown) {
    super(`${operation} was not answered`, { cause });
    if (cause instanceof TimeoutError) this.why = "timeout";
    else if (cause instanceof RequestError && cause.isNoResponders()) this.why = "no_responders";
    else this.why = cause instanceof NoRespondersError ? "no_responders" : "connection";
  }
}

/** A request to a process on its way. */
export interface AskedProcess<T extends string, B extends z.ZodType> {
  readonly tokens: TokensOf<T>;
  readonly body: z.input<B>;
  readonly trace: Trace;
  readonly timeoutMs: number;
}

/**
 * Sends one request and answers its reply.
 *
 * @throws Unanswered
 * @throws Failure when it was refused with a reason known here
 * @throws Error when it was refused otherwise, or the reply is not what the contract says
 */
export async function sendRequest<T extends string, B extends z.ZodType, R extends z.ZodType>(
  broker: Broker,
  declaration: RequestDeclaration<T, B, R>,
  asked: AskedProcess<T, B>,
): Promise<z.output<R>> {
  const { operation, subject } = declaration;
  const message = await broker.connection
    .request(subject.of(asked.tokens), encodeJson(asked.body), {
      timeout: asked.timeoutMs,
      headers: traceHeaders(asked.trace),
    })
    .catch((cause: unknown) => {
      throw new Unanswered(operation, cause);
    });
  const reply: unknown = message.json();
  const refused = refusal.safeParse(reply);
  if (!refused.success) return declaration.reply.parse(reply);
  const { reason = "", metadata } = refused.data;
  throw isFailureReason(reason)
    ? new Failure(reason, { ...(metadata && { metadata }) })
    : new Error(`${operation} failed: ${refused.data.error}`);
}

/**
 * Asks another process of this site and answers its reply. Throws the `Failure` it was refused with;
 * `store_unavailable` when nobody answers in time.
 */
export async function askProcess<T extends string, B extends z.ZodType, R extends z.ZodType>(
  broker: Broker,
  declaration: RequestDeclaration<T, B, R>,
  asked: Omit<AskedProcess<T, B>, "timeoutMs">,
): Promise<z.output<R>> {
  try {
    return await sendRequest(broker, declaration, { ...asked, timeoutMs: LIMITS.answerWithinMs });
  } catch (cause) {
    if (!(cause instanceof Unanswered)) throw cause;
    throw new Failure("store_unavailable", { detail: cause.message, cause });
  }
}
