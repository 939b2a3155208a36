import { OUTBOX_TYPES } from "@parley/contract/federation";
import type { CanonicalMessage } from "@parley/contract/messages";
import { encodeJson } from "@parley/messaging/publish";
import { toSnapshot } from "@parley/room/snapshot";
import { createChannel, happening, HOME } from "@parley/room/test/fixtures";
import { describe, expect, test } from "vitest";

import { planResend, type ResendPlan } from "./plan-resend.ts";

const HERE = "site-b";
const { event, bytes, state } = happening(undefined, createChannel({}));
const { roomId } = event;
const OTHER_ROOM = "0".repeat(17);
const NOT_JSON = new TextEncoder().encode("{");

const message: CanonicalMessage = {
  type: "created",
  v: 1,
  roomId,
  siteId: HOME,
  messageId: "A".repeat(20),
  at: 1_750_000_000_000,
  actor: { account: "ann", kind: "person" },
  requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  revision: 1,
  keyFloor: 0,
  data: {
    messageId: "A".repeat(20),
    roomId,
    createdAt: 1_750_000_000_000,
    sender: { account: "ann", kind: "person", name: "Ann" },
    content: "a secret",
  },
};
const { recentRequests: _atHomeOnly, ...snapshot } = toSnapshot(state);

const refused = (plan: ResendPlan): string => (plan.kind === "refuse" ? plan.why : `it is a ${plan.kind}`);

describe("a message of MESSAGES_CANONICAL", () => {
  const planned = (of: { subject?: string; body?: unknown; payload?: Uint8Array }) =>
    planResend(HOME, {
      stream: `MESSAGES_CANONICAL_${HOME}`,
      subject: of.subject ?? `chat.msg.canonical.${HOME}.5.${roomId}.created`,
      payload: of.payload ?? encodeJson(of.body ?? message),
    });

  test("is published under its append subject, without the partition", () => {
    expect(planned({})).toEqual({
      kind: "publish",
      subject: `chat.msg.canonical.${HOME}.${roomId}.created`,
      roomId,
      at: message.at,
    });
  });

  test.each([
    ["bytes that are no message", { payload: NOT_JSON }, /not UTF-8 JSON: it would be parked again.*upgrade/],
    ["a message of another room", { body: { ...message, roomId: OTHER_ROOM } }, /under another subject/],
    ["a newer release's message", { body: { ...message, v: 3 } }, /it is tried until the upgrade/],
    ["another site's subject", { subject: `chat.msg.canonical.${HERE}.5.${roomId}.created` }, /no room of/],
    ["a subject of no room", { subject: `chat.msg.canonical.${HOME}.5.x.created` }, /no room of this site/],
  ])("is refused for %s", (_what, of, why) => {
    expect(refused(planned(of))).toMatch(why);
  });
});

describe("an event of ROOMS", () => {
  const planned = (of: { subject?: string; payload?: Uint8Array }) =>
    planResend(HOME, {
      stream: `ROOMS_${HOME}`,
      subject: of.subject ?? `chat.room.canonical.${HOME}.5.${roomId}.room_created`,
      payload: of.payload ?? bytes,
    });

  test.each([
    ["of this release", bytes],
    ["of a newer one", encodeJson({ ...event, type: "room_painted", v: 2 })],
  ])("%s is never appended again: its room is marked", (_what, payload) => {
    expect(planned({ payload })).toEqual({ kind: "mark", roomId, home: HOME, revision: 1 });
  });

  test.each([
    ["bytes that are no event", { payload: NOT_JSON }, /not UTF-8 JSON: every reader.*skips it/],
    [
      "another room's event",
      { payload: encodeJson({ ...event, roomId: OTHER_ROOM }) },
      /another room or site/,
    ],
    ["another site's event", { payload: encodeJson({ ...event, siteId: HERE }) }, /another room or site/],
    [
      "another site's subject",
      { subject: `chat.room.canonical.${HERE}.5.${roomId}.x` },
      /no room of this site/,
    ],
    ["a subject of no room", { subject: `chat.room.canonical.${HOME}.5.x.x` }, /no room of this site/],
  ])("is refused for %s", (_what, of, why) => {
    expect(refused(planned(of))).toMatch(why);
  });
});

describe("an arrival of INBOX", () => {
  const planned = (of: { type?: string; subject?: string; body?: unknown; payload?: Uint8Array }) =>
    planResend(HERE, {
      stream: `INBOX_${HERE}`,
      subject: of.subject ?? `outbox.${HOME}.${HERE}.${roomId}.${of.type ?? "room_created"}`,
      payload: of.payload ?? (of.body === undefined ? bytes : encodeJson(of.body)),
    });
  const marked = { kind: "mark", roomId, home: HOME, revision: 1 };

  test.each([
    ["an event", {}],
    ["a final event", { type: OUTBOX_TYPES.final }],
    ["a snapshot", { type: OUTBOX_TYPES.snapshot, body: { v: 1, ...snapshot } }],
  ])("that is %s has its room marked, under the home that sent it", (_what, of) => {
    expect(planned(of)).toEqual(marked);
  });

  test.each([
    ["bytes that are no event", { payload: NOT_JSON }, /it would be parked again.*ask site site-a/],
    ["bytes that are no snapshot", { type: "snapshot", payload: NOT_JSON }, /no snapshot.*ask site site-a/],
    ["an event as a snapshot", { type: "snapshot" }, /no snapshot that this release knows/],
    ["an event of a room homed elsewhere", { body: { ...event, siteId: "site-c" } }, /another room or site/],
    [
      "a snapshot of a room homed elsewhere",
      { type: "snapshot", body: { v: 1, ...snapshot, siteId: HERE } },
      /another room or site/,
    ],
    ["another room's event", { body: { ...event, roomId: OTHER_ROOM } }, /another room or site/],
    [
      "another site's lane",
      { subject: `outbox.${HOME}.site-c.${roomId}.room_created` },
      /no room of this site/,
    ],
    ["a subject of no room", { subject: `outbox.${HOME}.${HERE}.x.room_created` }, /no room of this site/],
    [
      "how far somebody has read",
      { type: OUTBOX_TYPES.memberState, body: { roomId, account: "bob", siteId: HOME } },
      /what the account reads next/,
    ],
    [
      "the devices of an account",
      { subject: `outbox.${HOME}.${HERE}.-.device_state` },
      /what its site sends next of them/,
    ],
    [
      "the devices of an account on another site's lane",
      { subject: `outbox.${HOME}.site-c.-.device_state` },
      /no room of this site/,
    ],
    ["a repair", { subject: `inbox.${HERE}.local.${roomId}.snapshot` }, /Have a new one made/],
  ])("is refused for %s", (_what, of, why) => {
    expect(refused(planned(of))).toMatch(why);
  });
});

test.each([
  [`OUTBOX_${HOME}`, /no process takes messages off/],
  [`DEAD_${HOME}`, /no process takes messages off/],
  [`ROOMS_${HERE}`, /is no stream of site site-a/],
  ["", /is no stream of site site-a/],
])("a message of stream %j is refused", (stream, why) => {
  const subject = `chat.room.canonical.${HOME}.5.${roomId}.room_created`;
  expect(refused(planResend(HOME, { stream, subject, payload: bytes }))).toMatch(why);
});

test("no refusal shows what the message says", () => {
  const subject = `chat.msg.canonical.${HOME}.5.${OTHER_ROOM}.created`;
  const plan = planResend(HOME, {
    stream: `MESSAGES_CANONICAL_${HOME}`,
    subject,
    payload: encodeJson(message),
  });
  expect(refused(plan)).not.toContain("secret");
});
