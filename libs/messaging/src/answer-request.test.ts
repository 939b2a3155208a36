import { headers, type Msg, type MsgHdrs } from "@nats-io/nats-core";
import type { DirectoryEntry } from "@parley/contract/directory";
import { Failure } from "@parley/contract/failure";
import { HEADERS } from "@parley/contract/headers";
import { listHistory, sendMessage } from "@parley/contract/messages";
import { addMembers, createRoom, siteInfo } from "@parley/contract/room-requests";
import { pingSite } from "@parley/contract/server-requests";
import { describe, expect, it } from "vitest";

import { observed } from "../test/observed.ts";
import { answerRequest, mayReplyTo } from "./answer-request.ts";
import { serverEndpoint, userEndpoint, type Endpoint } from "./endpoint.ts";
import { ACCOUNT_SHARE, createRequestLimits } from "./request-limits.ts";

const ROOM = "a".repeat(17);
const SENDING = `chat.user.alpha.ann.request.room.${ROOM}.alpha.msg.send`;
const BODY = { messageId: "b".repeat(20), content: "hello" };
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const entry = (fields: Partial<DirectoryEntry> = {}): DirectoryEntry => ({
  account: "ann",
  userId: "c".repeat(17),
  kind: "person",
  homeSite: "alpha",
  enabled: true,
  admin: false,
  words: [],
  ...fields,
});

const ok = async () => ({ status: "ok" as const, messageId: BODY.messageId, createdAt: 1 });

/** A process that serves `endpoint`; `cached` and `stored` are what its directory says of every account. */
function serving(
  endpoint: Endpoint,
  of: {
    cached?: DirectoryEntry | undefined;
    stored?: DirectoryEntry | undefined;
    maxInFlight?: number;
    replyBytesMax?: number;
    draining?: boolean;
  } = {},
) {
  const seen = observed();
  const { cached = entry(), stored = cached } = of;
  const limits = createRequestLimits({ maxInFlight: of.maxInFlight ?? 10 });
  const deps = {
    siteId: "alpha",
    callers: { find: async () => cached, findFresh: async () => stored },
    limits,
    recorder: seen.recorder,
    log: seen.log,
    replyBytesMax: of.replyBytesMax ?? 1_000_000,
    draining: () => of.draining ?? false,
  };
  const ask = async (
    asked: { subject?: string; body?: unknown; data?: Uint8Array; headers?: MsgHdrs } = {},
  ) => {
    const { subject = SENDING, body = BODY } = asked;
    const data = asked.data ?? new TextEncoder().encode(JSON.stringify(body));
    const message = { subject, data, headers: asked.headers } as unknown as Msg;
    const answer = await answerRequest(deps, endpoint, message);
    return {
      ...answer,
      reply: JSON.parse(new TextDecoder().decode(answer.payload)) as Record<string, unknown>,
    };
  };
  return { ...seen, ask, limits };
}

const withHeader = (name: string, value: string): MsgHdrs => {
  const made = headers();
  made.set(name, value);
  return made;
};

describe("mayReplyTo", () => {
  const user = userEndpoint(sendMessage, ok);
  const server = serverEndpoint(pingSite, async () => ({ siteId: "alpha", version: "1", at: 1 }));
  const PING = "chat.server.request.site.alpha.ping.beta";

  it.each([
    [user, SENDING, "_INBOX.user.alpha.ann.x"],
    [user, SENDING, "_INBOX.user.alpha.ann.x.y.z"],
    [server, PING, "_INBOX.svc.beta.room-service.x"],
  ])("answers in the caller's own inbox: %#", (endpoint, subject, reply) => {
    expect(mayReplyTo(endpoint, { subject, reply })).toBe(true);
  });

  it.each([
    [user, SENDING, undefined],
    [user, SENDING, ""],
    [user, SENDING, "_INBOX.user.alpha.ann"],
    [user, SENDING, "_INBOX.user.alpha.ann."],
    [user, SENDING, "_INBOX.user.alpha.ann..x"],
    [user, SENDING, "_INBOX.user.alpha.anna.x"],
    [user, SENDING, "_INBOX.user.alpha.bob.x"],
    [user, SENDING, "_INBOX.user.beta.ann.x"],
    [user, SENDING, "_INBOX.svc.alpha.x"],
    [user, SENDING, "_INBOX.user.alpha.ann.>"],
    [user, SENDING, "_INBOX.user.alpha.ann.*"],
    [user, SENDING, `chat.room.canonical.alpha.${ROOM}.room_created`],
    [user, SENDING, "chat.user.alpha.bob.event.alpha.room.key"],
    [user, SENDING, "$JS.API.STREAM.PURGE.ROOMS_alpha"],
    [server, PING, "_INBOX.svc.alpha.x"],
    [server, PING, "_INBOX.user.beta.ann.x"],
  ])("answers nowhere else: %#", (endpoint, subject, reply) => {
    expect(mayReplyTo(endpoint, { subject, ...(reply !== undefined && { reply }) })).toBe(false);
  });
});

describe("the request id", () => {
  // R3
  it("is minted when it is missing and handed to the handler", async () => {
    let handled = "";
    const { ask } = serving(userEndpoint(sendMessage, ({ requestId }) => ((handled = requestId), ok())));

    const { requestId } = await ask();

    expect(requestId).toMatch(UUID_V7);
    expect(handled).toBe(requestId);
  });

  it("is lower-cased and echoed", async () => {
    const { ask } = serving(userEndpoint(sendMessage, ok));
    const given = "018F4E1C-7A2B-7C3D-8E4F-5A6B7C8D9E0F";

    expect((await ask({ headers: withHeader(HEADERS.requestId, given) })).requestId).toBe(
      given.toLowerCase(),
    );
  });

  // R3
  it.each([
    ["msg.send", userEndpoint(sendMessage, ok), SENDING],
    [
      "msg.history",
      userEndpoint(listHistory, async () => ({ messages: [] })),
      SENDING.replace("send", "history"),
    ],
    [
      "site.ping",
      serverEndpoint(pingSite, async () => ({ siteId: "alpha", version: "1", at: 1 })),
      "chat.server.request.site.alpha.ping.beta",
    ],
  ])(
    "is refused by %s when it is malformed, before anything else is looked at",
    async (_, endpoint, subject) => {
      const { ask } = serving(endpoint, { draining: true });
      for (const malformed of [
        "1",
        "018f4e1c-7a2b-1c3d-8e4f-5a6b7c8d9e0f",
        "018f4e1c7a2b7c3d8e4f5a6b7c8d9e0f",
      ]) {
        const { reply, requestId } = await ask({
          subject,
          body: 7,
          headers: withHeader(HEADERS.requestId, malformed),
        });

        expect(reply).toMatchObject({ code: "bad_request", reason: "invalid_request_id", requestId });
        expect(requestId).toMatch(UUID_V7);
      }
    },
  );
});

describe("the trace", () => {
  const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const WELL_FORMED = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

  it.each([
    ["begun here", undefined],
    ["begun anew over a malformed one", withHeader(HEADERS.traceParent, "00-XYZ-1-01")],
    ["begun by the caller", withHeader(HEADERS.traceParent, PARENT)],
  ])("%s is the same for the handler and for the reply", async (_, given) => {
    let handled: unknown;
    const { ask } = serving(userEndpoint(sendMessage, ({ trace }) => ((handled = trace), ok())));

    const { trace, requestId } = await ask(given && { headers: given });

    expect(trace).toEqual(handled);
    expect(trace.requestId).toBe(requestId);
    expect(trace.traceParent).toMatch(WELL_FORMED);
    expect(trace.traceParent === PARENT).toBe(given?.get(HEADERS.traceParent) === PARENT);
  });

  it("of a request that is refused by its handler is the handler's", async () => {
    let handled: unknown;
    const refusing = userEndpoint(sendMessage, ({ trace }) => {
      handled = trace;
      return Promise.reject(new Failure("not_room_member"));
    });

    expect((await serving(refusing).ask()).trace).toEqual(handled);
  });

  it.each([
    ["an unreadable subject", { subject: SENDING.replace(ROOM, "short") }],
    ["an unreadable request id", { headers: withHeader(HEADERS.requestId, "1") }],
  ])("of a request with %s is begun for the refusal, under an id of its own", async (_, asked) => {
    const { reply, requestId, trace } = await serving(userEndpoint(sendMessage, ok)).ask(asked);

    expect(requestId).toMatch(UUID_V7);
    expect(reply["requestId"]).toBe(requestId);
    expect(trace).toEqual({ requestId, traceParent: expect.stringMatching(WELL_FORMED) });
  });
});

const sending = userEndpoint(sendMessage, ok);
const reasonOf = async (of: Parameters<typeof serving>[1]): Promise<unknown> =>
  (await serving(sending, of).ask()).reply["reason"];

describe("a request is refused for", () => {
  const endpoint = sending;

  // R2
  it.each([
    ["account", SENDING.replace("ann", 'an"n')],
    ["account", SENDING.replace("ann", "an\\n")],
    ["account", SENDING.replace("ann", "a".repeat(65))],
    ["account", SENDING.replace("ann", "e\u0301")],
    ["account", SENDING.replace("ann", "a\u0007")],
    ["home site", SENDING.replace("alpha.ann", "Alpha.ann")],
    ["home site", SENDING.replace("alpha.ann", "event.ann")],
    ["room", SENDING.replace(ROOM, "short")],
    ["room", SENDING.replace(ROOM, "ä".repeat(17))],
  ])("a wrong token in the place of the %s", async (_, subject) => {
    expect((await serving(endpoint).ask({ subject })).reply).toMatchObject({ reason: "invalid_subject" });
  });

  it.each([
    ["no JSON", { data: new TextEncoder().encode("{") }],
    ["bytes that are no UTF-8", { data: Uint8Array.of(0x22, 0xff, 0x22) }],
    ["a field it does not know", { body: { ...BODY, sender: "bob" } }],
    ["a body over 64 KiB", { body: { ...BODY, replyTo: "x".repeat(65_536) } }],
    ["an empty body that lacks what is required", { data: new Uint8Array() }],
  ])("%s", async (_, asked) => {
    const { reply } = await serving(endpoint).ask(asked);

    expect(reply).toMatchObject({ code: "bad_request", reason: "invalid_request" });
    expect(reply["metadata"]).toMatchObject({
      issues: expect.arrayContaining([{ path: expect.any(String), message: expect.any(String) }]),
    });
  });

  it("an account that the directory does not know, knows elsewhere, or has retired", async () => {
    expect(await reasonOf({ cached: entry({ homeSite: "beta" }) })).toBe("unknown_account");
    expect(await reasonOf({ cached: entry({ enabled: false }) })).toBe("account_disabled");
    expect(await reasonOf({ cached: entry({ enabled: false }), stored: entry({ homeSite: "beta" }) })).toBe(
      "unknown_account",
    );
  });

  it("nothing that a fresh look into the directory does not confirm", async () => {
    const { ask } = serving(endpoint, { cached: entry({ enabled: false }), stored: entry() });

    expect((await ask()).code).toBe("ok");
  });

  it("another site's account where only the own site answers", async () => {
    const info = userEndpoint(siteInfo, () => Promise.reject(new Error("never reached")));
    const { ask } = serving(info, { cached: entry({ homeSite: "beta" }) });

    const { reply } = await ask({ subject: "chat.user.beta.ann.request.site.alpha.info", body: {} });

    expect(reply).toMatchObject({ reason: "wrong_site", metadata: { siteId: "beta" } });
  });

  it("shutdown", async () => {
    expect((await serving(endpoint, { draining: true }).ask()).reply).toMatchObject({
      code: "unavailable",
      reason: "shutting_down",
      metadata: { retryAfterMs: expect.any(Number) },
    });
  });
});

describe("the order of the checks", () => {
  it("is limits, then the body, then the caller, then the site", async () => {
    const full = serving(userEndpoint(sendMessage, ok), {
      maxInFlight: 1,
      cached: entry({ enabled: false }),
    });
    full.limits.enter("somebody", ACCOUNT_SHARE);

    expect((await full.ask({ body: 7 })).reply["reason"]).toBe("overloaded");
    expect(full.total("requests_limited_total")).toBe(1);
    const free = serving(userEndpoint(sendMessage, ok), { cached: entry({ enabled: false }) });
    expect((await free.ask({ body: 7 })).reply["reason"]).toBe("invalid_request");
    expect((await free.ask()).reply["reason"]).toBe("account_disabled");
  });

  it("puts a command's rate before its body", async () => {
    const { ask, total } = serving(
      userEndpoint(addMembers, () => Promise.reject(new Error("never reached"))),
      { maxInFlight: 100 },
    );
    const subject = `chat.user.alpha.ann.request.room.${ROOM}.alpha.member.add`;
    const reasons = [];
    for (let count = 0; count < 60; count += 1)
      reasons.push((await ask({ subject, body: 7 })).reply["reason"]);

    expect(reasons[0]).toBe("invalid_request");
    expect(reasons).toContain("rate_limited");
    expect(total("requests_limited_total", "by=account_rate")).toBeGreaterThan(0);
  });
});

describe("an answer", () => {
  // R1
  it("names who acts, for an agent with whom it acts for, and never from the body", async () => {
    let actor: unknown;
    const endpoint = userEndpoint(createRoom, (request) => {
      actor = request.actor;
      return Promise.reject(new Failure("self_dm"));
    });
    const { ask } = serving(endpoint, { cached: entry({ kind: "agent", onBehalfOf: "bob" }) });
    const subject = "chat.user.alpha.ann.request.room.alpha.create";

    await ask({ subject, body: { name: "harbour" } });

    expect(actor).toEqual({ account: "ann", kind: "agent", onBehalfOf: "bob" });
    const forged = await ask({ subject, body: { name: "harbour", creator: "bob" } });
    expect(forged.reply["reason"]).toBe("invalid_request");
  });

  // R7
  it("is `internal` with a neutral sentence for an exception, which is logged once with ids only", async () => {
    const { ask, entries } = serving(
      userEndpoint(sendMessage, () => Promise.reject(new Error("at 10.0.0.7: password rejected"))),
    );

    const { reply, requestId, code } = await ask();

    expect(code).toBe("internal");
    expect(reply).toEqual({ error: "Something went wrong on our side.", code: "internal", requestId });
    expect(entries).toMatchObject([
      {
        level: "error",
        event: "request_failed",
        fields: { operation: "msg.send", roomId: ROOM, siteId: "alpha", requestId },
        cause: { message: "at 10.0.0.7: password rejected" },
      },
    ]);
  });

  it("over the limit is `response_too_large`, and says the limit", async () => {
    const { ask } = serving(
      userEndpoint(listHistory, async () => ({ messages: [], next: "x".repeat(2000) })),
      { replyBytesMax: 1000 },
    );

    const { reply, payload } = await ask({ subject: SENDING.replace("send", "history"), body: {} });

    expect(reply).toMatchObject({ reason: "response_too_large", metadata: { limitBytes: 1000 } });
    expect(payload.length).toBeLessThanOrEqual(1000);
  });

  it("gives the places it took back, whatever became of it", async () => {
    const failing = serving(userEndpoint(sendMessage, () => Promise.reject(new Error("accident"))));

    await failing.ask();
    await failing.ask({ body: 7 });

    expect(failing.limits.inFlight()).toBe(0);
  });
});
