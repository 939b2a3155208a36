import { userInboxPrefix } from "@parley/contract/headers";
import { userIdOf } from "@parley/contract/ids";
import { listHistory, sendMessage } from "@parley/contract/messages";
import { describe, expect, vi } from "vitest";

import { observed } from "../test/observed.ts";
import { connectTo, newRoomId, newSiteId, test as base } from "../test/site.ts";
import { userEndpoint } from "./endpoint.ts";
import { encodeJson } from "./publish.ts";
import { serveEndpoints } from "./serve-endpoints.ts";

const HISTORY_BYTES = 1_100_000;

const bodyOf = (content: string) => encodeJson({ messageId: "a".repeat(20), content });

/** A process of a site with two endpoints: sends wait for `release`, history is larger than any reply. */
async function openProcess(stack: AsyncDisposableStack) {
  const siteId = newSiteId();
  const seen = observed();
  const [broker, client] = await Promise.all([
    connectTo(),
    connectTo({ inboxPrefix: userInboxPrefix(siteId, "ann") }),
  ]);
  stack.defer(() => broker.close());
  stack.defer(() => client.close());
  const begun: string[] = [];
  const gate = Promise.withResolvers<void>();
  const ann = { account: "ann", userId: userIdOf("ann"), kind: "person", homeSite: siteId } as const;
  const entry = { ...ann, enabled: true, admin: false, words: [] };
  const serving = await serveEndpoints({
    ...seen,
    broker,
    siteId,
    process: "message-service",
    callers: { find: async () => entry, findFresh: async () => entry },
    maxInFlight: 2,
    endpoints: [
      userEndpoint(sendMessage, async ({ body }) => {
        begun.push(body.content);
        if (body.content === "wait") await gate.promise;
        return { status: "ok" as const, messageId: body.messageId, createdAt: 1 };
      }),
      userEndpoint(listHistory, async () => ({ messages: [], next: "x".repeat(HISTORY_BYTES) })),
    ],
  });
  const roomId = newRoomId();
  const subject = sendMessage.subject.of({ homeSite: siteId, account: "ann", roomId, siteId });
  return {
    ...seen,
    siteId,
    broker,
    client,
    begun,
    serving,
    subject,
    release: gate.resolve,
    send: async (content: string) =>
      (await client.connection.request(subject, bodyOf(content), { timeout: 5000 })).json<{
        status?: string;
        reason?: string;
      }>(),
    history: async () =>
      (await client.connection.request(subject.replace("send", "history"), "{}", { timeout: 5000 })).json(),
  };
}

const test = base.extend("process", async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openProcess(stack);
});

describe("serveEndpoints", () => {
  test("publishes nothing to a reply subject that is not in the caller's inbox, and counts it", async ({
    process,
  }) => {
    const { siteId, client, broker, subject } = process;
    const hostile = [
      `chat.user.${siteId}.bob.event.${siteId}.room.key`,
      `chat.room.canonical.${siteId}.${newRoomId()}.x`,
      `_INBOX.user.${siteId}.bob.x`,
      `_INBOX.svc.${siteId}.x`,
    ];
    const overheard: string[] = [];
    for (const reply of hostile)
      broker.connection.subscribe(reply, { callback: (_, message) => void overheard.push(message.subject) });
    await broker.connection.flush();

    for (const reply of hostile) client.connection.publish(subject, bodyOf("evil"), { reply });
    client.connection.publish(subject, bodyOf("no reply subject at all"));
    await process.send("honest");
    await broker.connection.flush();

    expect(overheard).toEqual([]);
    expect(process.begun).toEqual(["honest"]);
    expect(process.total("replies_refused_total")).toBe(hostile.length + 1);
  });

  // R9
  test("answers the request beyond its places at once, while those before it are under way", async ({
    process,
  }) => {
    const waiting = [process.send("wait"), process.send("wait")];
    await vi.waitFor(() => expect(process.begun).toHaveLength(2));

    expect(await process.send("one too many")).toMatchObject({
      code: "unavailable",
      reason: "overloaded",
      metadata: { retryAfterMs: expect.any(Number) },
    });

    process.release();
    for (const reply of await Promise.all(waiting)) expect(reply.status).toBe("ok");
    expect(process.begun).not.toContain("one too many");
  });

  // R9
  test("answers a reply over the broker's limit with `response_too_large`", async ({ process }) => {
    expect(await process.history()).toMatchObject({
      reason: "response_too_large",
      metadata: { limitBytes: 1_048_576 - 8192 },
    });
  });

  // R98
  test("finishes on stopping what it has begun, and takes no more", async ({ process }) => {
    const begun = process.send("wait");
    await vi.waitFor(() => expect(process.begun).toHaveLength(1));

    const stopping = process.serving.stop();
    const refused = process
      .send("too late")
      .catch((error: Error) => ({ status: undefined, reason: error.message }));
    expect((await refused).reason).toMatch(/shutting_down|no responders/);
    process.release();
    await stopping;

    expect((await begun).status).toBe("ok");
    expect(process.begun).toEqual(["wait"]);
  });
});
