import { randomUUID } from "node:crypto";

import type { FailureEnvelope } from "@parley/contract/failure";
import { userInboxPrefix } from "@parley/contract/headers";
import type { RequestDeclaration } from "@parley/contract/request";
import type { JobResult } from "@parley/contract/room-requests";
import type { TokensOf } from "@parley/contract/subject";
import type { Broker } from "@parley/messaging/connect-nats";
import { traceHeaders, traceOf } from "@parley/messaging/trace";
import type { z } from "zod";

/** Something that was published to users or rooms. */
export interface Seen {
  readonly subject: string;
  /** Its place in the order of arrival. */
  readonly index: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: ReadonlyMap<string, string>;
}

/** A reply: what the contract says, or the failure's envelope. */
export type Reply<R extends z.ZodType> = z.output<R> & Partial<FailureEnvelope>;

interface Asking<T extends string> {
  readonly tokens?: Omit<TokensOf<T>, "homeSite" | "account" | "siteId"> & Partial<TokensOf<T>>;
  /** The request id; `null` sends none. */
  readonly requestId?: string | null;
}

/** Every client of a site in one: asks as any account, on that account's own inbox, and sees what each is told. */
export interface TestClients {
  /** Sends `body` as it is, right or wrong, and answers the reply. */
  readonly ask: <T extends string, B extends z.ZodType, R extends z.ZodType>(
    account: string,
    request: RequestDeclaration<T, B, R>,
    of: Asking<T> & { readonly body?: unknown },
  ) => Promise<Reply<R>>;
  /** The same for bytes that are no JSON. */
  send(of: {
    account: string;
    subject: string;
    payload: Uint8Array;
    requestId?: string | null;
  }): Promise<Partial<FailureEnvelope> & Record<string, unknown>>;
  /** Everything seen so far, in the order of its arrival. */
  readonly seen: readonly Seen[];
  /** The first thing seen that fits, now or later. Throws after 10 s. */
  first(fits: (seen: Seen) => boolean, what?: string): Promise<Seen>;
  /** The job result of a request. Throws after 10 s. */
  readonly result: (requestId: string) => Promise<JobResult>;
  /** Resolves when everything published before has been seen. */
  flush(): Promise<void>;
}

const PATIENCE_MS = 10_000;
const encoder = new TextEncoder();

/** Starts watching; resolves once the broker knows of it. */
export async function openTestClients(site: { siteId: string; broker: Broker }): Promise<TestClients> {
  const { siteId, broker } = site;
  const { connection } = broker;
  const seen: Seen[] = [];
  const waiting = new Set<() => void>();
  for (const subject of [
    `chat.user.${siteId}.*.event.>`,
    `chat.user.${siteId}.*.response.>`,
    `chat.room.${siteId}.>`,
  ])
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) throw error;
        const headers = new Map(
          (message.headers?.keys() ?? []).map((name) => [name, message.headers?.get(name) ?? ""]),
        );
        seen.push({ subject: message.subject, index: seen.length, body: message.json(), headers });
        for (const check of waiting) check();
      },
    });
  await connection.flush();

  const first: TestClients["first"] = async (fits, what = "what was waited for") => {
    const { promise, resolve, reject } = Promise.withResolvers<Seen>();
    const check = (): void => {
      const found = seen.find(fits);
      if (found) resolve(found);
    };
    const timer = setTimeout(() => reject(new Error(`${what} was not seen`)), PATIENCE_MS);
    waiting.add(check);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(check);
    }
  };

  const send: TestClients["send"] = async ({ account, subject, payload, requestId = randomUUID() }) => {
    const reply = await connection.request(subject, payload, {
      timeout: PATIENCE_MS,
      noMux: true,
      reply: `${userInboxPrefix(siteId, account)}.${randomUUID()}`,
      ...(requestId !== null && { headers: traceHeaders(traceOf(undefined, requestId)) }),
    });
    return reply.json();
  };

  return {
    seen,
    first,
    send,
    ask: async (account, { subject }, { tokens, body = {}, requestId }) =>
      (await send({
        account,
        subject: subject.of({ homeSite: siteId, account, siteId, ...tokens } as never),
        payload: encoder.encode(JSON.stringify(body)),
        ...(requestId !== undefined && { requestId }),
      })) as never,
    result: async (requestId) => {
      const { body } = await first(
        ({ subject }) => subject.endsWith(`.response.${siteId}.${requestId}`),
        `the job result of ${requestId}`,
      );
      return body as JobResult;
    },
    flush: () => connection.flush(),
  };
}
