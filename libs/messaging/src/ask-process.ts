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

/**
 * Asks another process, of this site or a peer, and answers its reply. Throws the `Failure` it was refused with;
 * `store_unavailable` when nobody answers in time.
 */
export async function askProcess<T extends string, B extends z.ZodType, R extends z.ZodType>(
  broker: Broker,
  declaration: RequestDeclaration<T, B, R>,
  asked: { readonly tokens: TokensOf<T>; readonly body: z.input<B>; readonly trace: Trace },
): Promise<z.output<R>> {
  const { operation, subject } = declaration;
  let reply: unknown;
  try {
    const message = await broker.connection.request(subject.of(asked.tokens), encodeJson(asked.body), {
      timeout: LIMITS.answerWithinMs,
      headers: traceHeaders(asked.trace),
    });
    reply = message.json();
  } catch (cause) {
    throw new Failure("store_unavailable", { detail: `${operation} was not answered`, cause });
  }
  const refused = refusal.safeParse(reply);
  if (!refused.success) return declaration.reply.parse(reply);
  const { reason = "", metadata } = refused.data;
  throw isFailureReason(reason)
    ? new Failure(reason, { ...(metadata && { metadata }) })
    : new Error(`${operation} failed: ${refused.data.error}`);
}
