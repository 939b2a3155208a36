import type { DirectoryEntry } from "@parley/contract/directory";
import { Failure, internalEnvelope } from "@parley/contract/failure";
import { HEADERS, serviceInboxPrefix, userInboxPrefix } from "@parley/contract/headers";
import { uuidV7 } from "@parley/contract/ids";
import { LIMITS } from "@parley/contract/limits";
import type { Log, Recorder } from "@parley/contract/observe";
import { isToken } from "@parley/contract/tokens";
import type { Msg } from "@nats-io/nats-core";

import type { Endpoint } from "./endpoint.ts";
import { encodeJson } from "./publish.ts";
import { ACCOUNT_SHARE, PEER_SHARE, type RequestLimits } from "./request-limits.ts";
import { traceOf, type Trace } from "./trace.ts";

/** Who may ask: the directory, cached for a few seconds, and past its cache. */
export interface Callers {
  find(account: string): Promise<DirectoryEntry | undefined>;
  /** A refusal that rests on a cached entry is confirmed by a fresh read. */
  findFresh(account: string): Promise<DirectoryEntry | undefined>;
}

export interface AnswerDeps {
  readonly siteId: string;
  readonly callers: Callers;
  readonly limits: RequestLimits;
  readonly recorder: Recorder;
  readonly log: Log;
  /** Largest reply (bytes). */
  readonly replyBytesMax: number;
  /** Whether the process is draining: nothing new is begun. */
  draining(): boolean;
}

/** A reply and what it is filed under. */
export interface Answer {
  readonly requestId: string;
  readonly trace: Trace;
  readonly payload: Uint8Array;
  /** `ok`, or the failure's code. */
  readonly code: string;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Whether the reply subject is inside the inbox of whom the subject names; everything else is somebody else's. */
export function mayReplyTo(endpoint: Endpoint, message: Pick<Msg, "subject" | "reply">): boolean {
  const tokens = message.subject.split(".");
  const prefix =
    endpoint.kind === "user"
      ? userInboxPrefix(tokens[2] ?? "", tokens[3] ?? "")
      : serviceInboxPrefix(tokens.at(-1) ?? "");
  const rest = message.reply?.startsWith(`${prefix}.`) ? message.reply.slice(prefix.length + 1) : "";
  return /^[^.*>\s]+(?:\.[^.*>\s]+)*$/.test(rest);
}

function requestIdOf(message: Msg): string {
  const given = message.headers?.get(HEADERS.requestId) ?? "";
  if (given === "") return uuidV7();
  const requestId = given.toLowerCase();
  if (!isToken("requestId", requestId)) throw new Failure("invalid_request_id");
  return requestId;
}

const issueOf = (path: string, message: string): Failure =>
  new Failure("invalid_request", { metadata: { issues: [{ path, message }] } });

function jsonOf(message: Msg, bytesMax: number): unknown {
  if (message.data.length === 0) return {};
  if (message.data.length > bytesMax) throw issueOf("", `the body is over ${bytesMax} bytes`);
  try {
    return JSON.parse(decoder.decode(message.data));
  } catch {
    throw issueOf("", "the body is not UTF-8 JSON");
  }
}

function bodyOf(endpoint: Endpoint, message: Msg): unknown {
  const { declaration } = endpoint;
  const bytesMax = declaration.operation === "msg.send" ? LIMITS.sendBodyBytes : LIMITS.requestBodyBytes;
  const parsed = declaration.body.safeParse(jsonOf(message, bytesMax));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue: { path: PropertyKey[]; message: string }) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
  throw new Failure("invalid_request", { metadata: { issues } });
}

const mayAct = (entry: DirectoryEntry | undefined, homeSite: string): entry is DirectoryEntry =>
  entry !== undefined && entry.homeSite === homeSite && entry.enabled;

/** Step 5 of SPEC-rooms 1.8: the caller is known, at home where the subject says, and enabled. */
async function callerOf(callers: Callers, account: string, homeSite: string): Promise<DirectoryEntry> {
  const cached = await callers.find(account);
  if (mayAct(cached, homeSite)) return cached;
  const fresh = await callers.findFresh(account);
  if (!fresh || fresh.homeSite !== homeSite) throw new Failure("unknown_account");
  if (!fresh.enabled) throw new Failure("account_disabled");
  return fresh;
}

interface Asked {
  readonly message: Msg;
  readonly tokens: Record<string, string>;
  readonly requestId: string;
  readonly trace: Trace;
  readonly receivedAt: number;
}

async function handleUser(
  deps: AnswerDeps,
  endpoint: Endpoint & { kind: "user" },
  asked: Asked,
): Promise<object> {
  const { declaration } = endpoint;
  const { account = "", homeSite = "" } = asked.tokens;
  const leave = deps.limits.enter(account, ACCOUNT_SHARE);
  try {
    if (declaration.command) deps.limits.command(account);
    const body: unknown = bodyOf(endpoint, asked.message);
    const caller = await callerOf(deps.callers, account, homeSite);
    if (declaration.asks === "own" && homeSite !== deps.siteId)
      throw new Failure("wrong_site", { metadata: { siteId: homeSite } });
    return await endpoint.handle({
      ...asked,
      body,
      caller,
      actor: {
        account,
        kind: caller.kind,
        ...(caller.onBehalfOf !== undefined && { onBehalfOf: caller.onBehalfOf }),
      },
      elapsedMs: () => performance.now() - asked.receivedAt,
    });
  } finally {
    leave();
  }
}

async function handleServer(
  deps: AnswerDeps,
  endpoint: Endpoint & { kind: "server" },
  asked: Asked,
): Promise<object> {
  const { fromSite = "" } = asked.tokens;
  const leave = deps.limits.enter(`site:${fromSite}`, PEER_SHARE);
  try {
    const body: unknown = bodyOf(endpoint, asked.message);
    return await endpoint.handle({
      ...asked,
      body,
      fromSite,
      elapsedMs: () => performance.now() - asked.receivedAt,
    });
  } finally {
    leave();
  }
}

function countLimits(deps: AnswerDeps, failure: Failure): void {
  if (failure.reason === "overloaded" || failure.reason === "rate_limited")
    deps.recorder.count("requests_limited_total", { by: failure.message });
}

/** The envelope of whatever was thrown; an accident is logged here, once, with code and ids only. */
function envelopeOf(
  deps: AnswerDeps,
  thrown: unknown,
  about: { operation: string; requestId: string; roomId?: string | undefined },
) {
  if (thrown instanceof Failure) {
    countLimits(deps, thrown);
    if (thrown.cause !== undefined)
      deps.log.warn(
        "request_unavailable",
        { ...about, reason: thrown.reason, siteId: deps.siteId },
        thrown.cause,
      );
    return thrown.toEnvelope(about.requestId);
  }
  deps.log.error("request_failed", { ...about, siteId: deps.siteId }, thrown);
  return internalEnvelope(about.requestId);
}

function packed(deps: AnswerDeps, body: object, requestId: string): { payload: Uint8Array; code: string } {
  const payload = encodeJson(body);
  if (payload.length <= deps.replyBytesMax)
    return { payload, code: "code" in body && "error" in body ? String(body.code) : "ok" };
  const failure = new Failure("response_too_large", { metadata: { limitBytes: deps.replyBytesMax } });
  return { payload: encodeJson(failure.toEnvelope(requestId)), code: failure.code };
}

/** Answers one request in the order of SPEC-rooms 1.8; the reply prefix has been checked before. Never throws. */
export async function answerRequest(deps: AnswerDeps, endpoint: Endpoint, message: Msg): Promise<Answer> {
  const receivedAt = performance.now();
  let requestId = "";
  let trace: Trace | undefined;
  let roomId: string | undefined;
  const reply = async (): Promise<object> => {
    const tokens = endpoint.declaration.subject.parse(message.subject) as Record<string, string>;
    roomId = tokens["roomId"];
    requestId = requestIdOf(message);
    trace = traceOf(message.headers, requestId);
    if (deps.draining()) throw new Failure("shutting_down");
    const asked = { message, tokens, requestId, trace, receivedAt };
    return endpoint.kind === "user" ? handleUser(deps, endpoint, asked) : handleServer(deps, endpoint, asked);
  };
  const { operation } = endpoint.declaration;
  const body = await reply().catch((thrown: unknown) => {
    // Refused before its own id was read.
    requestId ||= uuidV7();
    return envelopeOf(deps, thrown, { operation, requestId, roomId });
  });
  const { payload, code } = packed(deps, body, requestId);
  deps.recorder.record("request_duration_seconds", (performance.now() - receivedAt) / 1000, {
    operation,
    code,
  });
  return { requestId, trace: trace ?? traceOf(message.headers, requestId), payload, code };
}
