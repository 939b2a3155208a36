import * as deviceRequests from "@parley/contract/devices";
import * as directoryRequests from "@parley/contract/directory";
import * as messageRequests from "@parley/contract/messages";
import { PROCESSES } from "@parley/contract/processes";
import type { AnyRequest } from "@parley/contract/request";
import * as ownStateRequests from "@parley/contract/own-state";
import * as roomRequests from "@parley/contract/room-requests";
import * as serverRequests from "@parley/contract/server-requests";
import { describe, expect, test } from "vitest";

import { accountPermissions, operatorPermissions, processPermissions } from "./permissions.ts";

/** Whether a broker that allows `patterns` lets `subject` pass. */
function allows(patterns: readonly string[], subject: string): boolean {
  return patterns.some((pattern) => matches(pattern.split("."), subject.split(".")));
}

function matches(pattern: readonly string[], subject: readonly string[]): boolean {
  const rest = pattern.indexOf(">");
  if (rest !== -1) {
    return subject.length > rest && matches(pattern.slice(0, rest), subject.slice(0, rest));
  }
  return (
    pattern.length === subject.length &&
    pattern.every((token, index) => token === "*" || token === subject[index])
  );
}

const room = "jHjHNiEuCoJo8Nrzp";
const streams = ["ROOMS_alpha", "MESSAGES_CANONICAL_alpha", "OUTBOX_alpha", "DEAD_alpha", "INBOX_alpha"];

describe.each(PROCESSES)("%s", (process) => {
  const { publish, subscribe } = processPermissions(process, "alpha", ["beta"]);

  // R105
  test.each(["$JS.API", "$JS.alpha.API"])("can neither purge nor delete through %s", (api) => {
    const destructive = streams.flatMap((stream) => [
      `${api}.STREAM.PURGE.${stream}`,
      `${api}.STREAM.DELETE.${stream}`,
      `${api}.STREAM.MSG.DELETE.${stream}`,
      `${api}.STREAM.RESTORE.${stream}`,
    ]);

    expect(destructive.filter((subject) => allows(publish, subject))).toEqual([]);
  });

  test("changes no stream but one whose sources are its own work", () => {
    const changeable = streams.filter((stream) => allows(publish, `$JS.API.STREAM.UPDATE.${stream}`));

    expect(changeable).toEqual(process === "inbox-worker" ? ["INBOX_alpha"] : []);
  });

  test("cannot ask in the name of a client", () => {
    expect(allows(publish, `chat.user.alpha.ann.request.room.${room}.alpha.msg.send`)).toBe(false);
  });

  // R67
  test("speaks for no other site", () => {
    const foreign = [
      `chat.room.canonical.beta.${room}.members_removed`,
      `chat.msg.canonical.beta.${room}.created`,
      `chat.user.alpha.ann.event.beta.room.key`,
      `chat.user.alpha.ann.response.beta.018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f`,
      `chat.room.beta.${room}.event`,
      `outbox.beta.alpha.${room}.room_created`,
      `chat.server.request.roomkey.beta.get.gamma`,
      `dead.beta.${process}.unparseable`,
    ];

    expect(foreign.filter((subject) => allows(publish, subject))).toEqual([]);
  });

  test("hears replies of its own and of nobody else", () => {
    const others = PROCESSES.filter((other) => other !== process);

    expect(allows(subscribe, `_INBOX.svc.alpha.${process}.one.two`)).toBe(true);
    expect(others.filter((other) => allows(subscribe, `_INBOX.svc.alpha.${other}.one.two`))).toEqual([]);
    expect(allows(subscribe, "_INBOX.user.alpha.ann.one")).toBe(false);
    expect(allows(subscribe, "_INBOX.one")).toBe(false);
  });
});

/** Which processes may publish a subject. */
function speakers(subject: string): string[] {
  return PROCESSES.filter((process) =>
    allows(processPermissions(process, "alpha", ["beta"]).publish, subject),
  );
}

describe("one speaker per kind of fact", () => {
  test.each([
    [`chat.room.canonical.alpha.${room}.room_created`, ["room-service"]],
    [`chat.msg.canonical.alpha.${room}.created`, ["room-worker", "message-service"]],
    [`chat.msg.canonical.alpha.${room}.edited`, ["message-service"]],
    [`chat.user.beta.ann.event.alpha.room.key`, ["room-worker"]],
    [`chat.user.beta.ann.event.alpha.room`, ["broadcast-worker"]],
    [`chat.user.beta.ann.response.alpha.018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f`, ["room-worker"]],
    [`chat.room.alpha.${room}.event`, ["room-worker", "broadcast-worker"]],
    [`chat.room.alpha.${room}.event.member`, ["room-worker"]],
    [`outbox.alpha.beta.${room}.room_created`, ["room-worker"]],
    [`outbox.alpha.beta.${room}.member_state`, ["room-service", "room-worker"]],
    ["outbox.alpha.beta.-.device_state", ["room-service", "room-worker"]],
    [`_INBOX.user.beta.ann.one`, ["room-service", "message-service"]],
    [`_INBOX.svc.beta.inbox-worker.one`, ["room-service"]],
    ["chat.user.alpha.ann.event.alpha.subscription.update", ["room-service", "room-worker", "inbox-worker"]],
    ["chat.user.beta.judy.event.alpha.subscription.update", ["room-worker"]],
    ["chat.server.request.roomkey.beta.get.alpha", ["room-service", "inbox-worker"]],
    ["chat.server.request.site.beta.ping.alpha", ["room-service", "inbox-worker"]],
    ["chat.server.request.room.beta.dm.alpha", ["room-service"]],
    ["chat.server.request.room.beta.members.alpha", ["room-service"]],
    ["chat.server.request.room.alpha.retire.alpha", ["room-service"]],
    ["chat.server.request.room.beta.retire.alpha", []],
    ["$JS.API.STREAM.CREATE.ROOMS_alpha", ["room-worker"]],
    ["$JS.API.STREAM.CREATE.INBOX_alpha", ["inbox-worker"]],
    ["$JS.API.CONSUMER.CREATE.INBOX_alpha.inbox-worker-beta.outbox.beta.alpha.>", ["inbox-worker"]],
    ["$JS.API.CONSUMER.CREATE.INBOX_alpha.inbox-worker-local.inbox.alpha.local.>", ["inbox-worker"]],
    ["$JS.API.CONSUMER.MSG.NEXT.INBOX_alpha.inbox-worker-beta", ["inbox-worker"]],
    ["$JS.API.CONSUMER.MSG.NEXT.INBOX_alpha.inbox-worker-gamma", []],
    ["$JS.API.STREAM.CREATE.MESSAGES_CANONICAL_alpha", ["message-service"]],
    ["$JS.API.CONSUMER.MSG.NEXT.ROOMS_alpha.room-worker", ["room-worker"]],
    ["$JS.ACK.MESSAGES_CANONICAL_alpha.message-store.1.2.3.4.5", ["message-service"]],
  ])("%s", (subject, expected) => {
    expect(speakers(subject)).toEqual(expected);
  });
});

function requestsIn(module: Readonly<Record<string, unknown>>): AnyRequest[] {
  return Object.values(module).filter(isRequest);
}

function isRequest(value: unknown): value is AnyRequest {
  return typeof value === "object" && value !== null && "operation" in value && "subject" in value;
}

describe("one listener per request", () => {
  const requests = [
    roomRequests,
    messageRequests,
    ownStateRequests,
    deviceRequests,
    directoryRequests,
    serverRequests,
  ].flatMap(requestsIn);

  test.each(requests.map((request) => [request.operation, request] as const))("%s", (operation, request) => {
    const filter = request.subject.filter({ siteId: "alpha" });

    const listeners = PROCESSES.filter((process) =>
      allows(processPermissions(process, "alpha").subscribe, filter),
    );

    expect(listeners).toEqual([operation.startsWith("msg.") ? "message-service" : "room-service"]);
  });

  test("covers the whole contract", () => {
    expect(requests.length).toBeGreaterThan(10);
  });
});

describe("a client", () => {
  const { publish, subscribe } = accountPermissions({ homeSite: "alpha", account: "ann" });

  test("asks as itself, from its own home", () => {
    const request = `request.room.${room}.beta.member.add`;

    expect(allows(publish, `chat.user.alpha.ann.${request}`)).toBe(true);
    expect(allows(publish, `chat.user.alpha.bob.${request}`)).toBe(false);
    expect(allows(publish, `chat.user.beta.ann.${request}`)).toBe(false);
  });

  test("publishes nothing that a stream captures, a service sends or the broker obeys", () => {
    const forged = [
      `chat.room.canonical.alpha.${room}.room_created`,
      `chat.msg.canonical.alpha.${room}.created`,
      `chat.room.alpha.${room}.event`,
      "chat.user.alpha.ann.event.alpha.room.key",
      "chat.server.request.roomkey.alpha.get.alpha",
      "_INBOX.user.alpha.bob.one",
      "$JS.API.INFO",
      "$JS.API.STREAM.PURGE.ROOMS_alpha",
    ];

    expect(forged.filter((subject) => allows(publish, subject))).toEqual([]);
  });

  test("hears its own events, answers and replies, and the notices of any room", () => {
    const heard = [
      "chat.user.alpha.ann.event.beta.room.key",
      "chat.user.alpha.ann.response.beta.018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
      "_INBOX.user.alpha.ann.one",
      `chat.room.beta.${room}.event`,
      `chat.room.beta.${room}.event.member`,
    ];

    expect(heard.filter((subject) => !allows(subscribe, subject))).toEqual([]);
  });

  test("hears nothing of others", () => {
    const foreign = [
      "chat.user.alpha.bob.event.alpha.room.key",
      "chat.user.beta.ann.event.alpha.room.key",
      "chat.user.alpha.bob.response.alpha.018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
      "chat.user.alpha.bob.request.room.alpha.list",
      "_INBOX.user.alpha.bob.one",
      "_INBOX.svc.alpha.room-service.one",
      `chat.room.canonical.alpha.3.${room}.room_created`,
    ];

    expect(foreign.filter((subject) => allows(subscribe, subject))).toEqual([]);
  });
});

describe("an operator", () => {
  const { publish, subscribe } = operatorPermissions("alpha");

  test("reads every stream and sends accepted messages of the own site anew", () => {
    const used = [
      ...streams.flatMap((stream) => [`$JS.API.STREAM.INFO.${stream}`, `$JS.API.STREAM.MSG.GET.${stream}`]),
      `chat.msg.canonical.alpha.${room}.created`,
    ];

    expect(used.filter((subject) => !allows(publish, subject))).toEqual([]);
    expect(allows(subscribe, "_INBOX.operator.one.two")).toBe(true);
  });

  test("changes no stream, appends to no room, and speaks for nobody", () => {
    const forged = [
      ...streams.flatMap((stream) =>
        ["CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "RESTORE"].map(
          (verb) => `$JS.API.STREAM.${verb}.${stream}`,
        ),
      ),
      `chat.room.canonical.alpha.${room}.room_created`,
      `chat.msg.canonical.beta.${room}.created`,
      `outbox.alpha.beta.${room}.room_created`,
      `inbox.alpha.local.${room}.snapshot`,
      "dead.alpha.room-worker.failing",
      "chat.user.alpha.ann.event.alpha.room.key",
      "chat.server.request.roomkey.alpha.get.alpha",
    ];

    expect(forged.filter((subject) => allows(publish, subject))).toEqual([]);
    expect(
      ["_INBOX.svc.alpha.room-service.one", "chat.room.alpha.>"].filter((subject) =>
        allows(subscribe, subject),
      ),
    ).toEqual([]);
  });
});
