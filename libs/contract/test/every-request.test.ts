import { describe, expect, test } from "vitest";

import { jobResult } from "../src/room-requests.ts";
import { everyRequest } from "./every-request.ts";
import { filtersOverlap } from "./matches-filter.ts";

const ROOM = "jHjHNiEuCoJo8Nrzp";
const MESSAGE = "0123456789ABCDEFabcd";
const DEVICE = "device00000000000001";
/** 65 bytes. */
const POINT = `BA${"A".repeat(85)}=`;
const MOMENT = 1_700_000_000_000;
const KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const command = {
  status: "accepted",
  requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  roomId: ROOM,
  revision: 1,
};

const ROOM_VIEW = {
  roomId: ROOM,
  siteId: "alpha",
  type: "channel",
  name: "Plans",
  memberCount: 1,
  agentCount: 0,
  settings: { restricted: false, externalAccess: true },
  keyVersion: 0,
  createdAt: MOMENT,
  revision: 1,
};
const SUBSCRIPTION = {
  role: "owner",
  individual: true,
  viaOrgs: [],
  joinedAt: MOMENT,
  keyFrom: 0,
  muted: false,
  favourite: false,
};

/** A body and a reply of each request that it takes. */
const SAMPLES: Readonly<Record<string, { body: object; reply: object }>> = {
  "room.create": { body: { users: ["bob"] }, reply: { ...command, roomType: "dm", siteId: "alpha" } },
  "member.add": { body: { orgs: ["sect-1"] }, reply: command },
  "member.remove": { body: { account: "bob" }, reply: command },
  "member.role": { body: { account: "bob", role: "owner" }, reply: command },
  "room.rename": { body: { name: "Plans" }, reply: command },
  "room.restrict": { body: { restricted: true, ownerAccount: "bob" }, reply: command },
  "room.policy": { body: { rekeyOnJoin: true }, reply: command },
  "room.close": { body: {}, reply: command },
  "room.get": { body: {}, reply: { room: ROOM_VIEW, subscription: SUBSCRIPTION, stale: false } },
  "message.read": { body: { upTo: MOMENT }, reply: { status: "ok", lastSeenAt: MOMENT } },
  mute: { body: { muted: true }, reply: { status: "ok", muted: true } },
  favourite: { body: { favourite: true }, reply: { status: "ok", favourite: true } },
  "message.receipts": {
    body: { messageId: MESSAGE },
    reply: { readers: [{ account: "bob", name: "Bob", lastSeenAt: MOMENT }], total: 1 },
  },
  "orgs.members": { body: {}, reply: { orgId: "sect-1", name: "Section", members: [] } },
  "room.info": {
    body: { roomIds: [ROOM, "no room id"], account: "ann" },
    reply: { rooms: [{ roomId: ROOM, found: false }] },
  },
  "room.members": {
    body: { roomId: ROOM, account: "ann" },
    reply: { members: [], total: 0, revision: 1, stale: false },
  },
  "room.retire": { body: { account: "ann" }, reply: { rooms: 0, failed: [] } },
  "member.list": { body: {}, reply: { members: [], total: 0, revision: 1, stale: false } },
  "room.list": { body: {}, reply: { rooms: [], at: MOMENT } },
  "key.get": { body: {}, reply: { roomId: ROOM, siteId: "alpha", version: 0, privateKey: KEY } },
  "key.invalid": {
    body: { version: 0, deviceId: DEVICE },
    reply: { roomId: ROOM, siteId: "alpha", version: 0, privateKey: KEY },
  },
  "key.status": {
    body: {},
    reply: { version: 0, acked: 1, pending: 1, pendingOf: [{ account: "bob", deviceId: DEVICE }] },
  },
  "key.explain": { body: { messageId: MESSAGE, version: 0 }, reply: { roomId: ROOM, reason: "key_pending" } },
  "device.register": {
    body: { deviceId: DEVICE, publicKey: POINT, name: "Phone" },
    reply: { status: "ok", registeredAt: MOMENT },
  },
  "device.list": {
    body: {},
    reply: { devices: [{ deviceId: DEVICE, publicKey: POINT, registeredAt: MOMENT }] },
  },
  "device.revoke": { body: { deviceId: DEVICE }, reply: { status: "ok", revokedAt: MOMENT } },
  "site.info": {
    body: {},
    reply: {
      siteId: "alpha",
      peers: [],
      version: "0.1.0",
      limits: { maxPayload: 1, maxRoomSize: 2, maxBatchSize: 1 },
      now: MOMENT,
    },
  },
  "directory.search": { body: { prefix: "an" }, reply: { entries: [] } },
  "directory.get": { body: { accounts: ["ann"] }, reply: { entries: [], missing: ["ann"] } },
  "msg.send": {
    body: { messageId: MESSAGE, content: "hello" },
    reply: { status: "ok", messageId: MESSAGE, createdAt: MOMENT },
  },
  "msg.history": { body: {}, reply: { messages: [] } },
  "msg.next": { body: { after: `${MOMENT}-${MESSAGE}` }, reply: { messages: [] } },
  "msg.around": { body: { messageId: MESSAGE }, reply: { messages: [] } },
  "msg.thread": { body: { messageId: MESSAGE }, reply: { messages: [] } },
  "msg.get": { body: { messageIds: [MESSAGE] }, reply: { messages: [], missing: [MESSAGE] } },
  "msg.edit": { body: { messageId: MESSAGE, content: "hi" }, reply: { status: "ok", editedAt: MOMENT } },
  "msg.delete": { body: { messageId: MESSAGE }, reply: { status: "unchanged", deletedAt: MOMENT } },
  "msg.react": { body: { messageId: MESSAGE, emoji: "👍", on: true }, reply: { status: "ok" } },
  "msg.pin": { body: { messageId: MESSAGE, pinned: true }, reply: { status: "ok" } },
  "room.ensurekey": { body: { roomId: ROOM }, reply: { roomId: ROOM, version: 0, status: "ok" } },
  "room.dm": {
    body: { requesterAccount: "ann", otherAccount: "bob" },
    reply: { ...command, roomType: "dm", siteId: "alpha" },
  },
  "roomkey.get": {
    body: { roomId: ROOM },
    reply: { roomId: ROOM, version: 0, publicKey: KEY, privateKey: KEY },
  },
  "roomkey.content": { body: { roomId: ROOM }, reply: { roomId: ROOM, kid: "0123abcd", key: KEY } },
  "site.ping": { body: {}, reply: { siteId: "alpha", version: "0.1.0", at: MOMENT } },
};

test("there is a sample of every request and of no other", () => {
  expect(everyRequest.map(({ operation }) => operation).toSorted()).toEqual(Object.keys(SAMPLES).toSorted());
});

describe.each(everyRequest.map((request) => [request.operation, request] as const))(
  "%s",
  (operation, request) => {
    const { body, reply } = SAMPLES[operation] ?? expect.fail("there is no sample");
    const takes = (candidate: unknown): boolean => request.body.safeParse(candidate).success;

    test("takes its sample", () => {
      expect(takes(body)).toBe(true);
      expect(request.reply.safeParse(reply).success).toBe(true);
    });

    // R1, R5
    test.each(["actor", "creator", "sender", "owner", "requestId", "homeSite", "constructor"])(
      "refuses a body that names %s, or any other field it does not know",
      (field) => {
        expect(takes({ ...body, [field]: "mallory" })).toBe(false);
      },
    );

    test("refuses a field named __proto__, which other code might take for the prototype", () => {
      const text = JSON.stringify(body).replace(
        "{",
        `{"__proto__":{"admin":true}${Object.keys(body).length > 0 ? "," : ""}`,
      );

      expect(takes(JSON.parse(text))).toBe(false);
    });

    test.each([
      ["null", null],
      ["a list", []],
      ["a text", "x"],
      ["a number", 1],
      ["nothing", undefined],
    ])("refuses %s in place of an object", (_what, candidate) => {
      expect(takes(candidate)).toBe(false);
    });

    test("takes a reply with fields of a newer release, and leaves them out", () => {
      expect(request.reply.parse({ ...reply, colour: "red" })).toEqual(request.reply.parse(reply));
    });

    test("is asked under its own name: the label of its metrics is its subject's", () => {
      const words = request.subject.template.split(".").filter((token: string) => !token.startsWith("{"));

      expect(`.${words.join(".")}`).toMatch(new RegExp(`\\.${operation.split(".").at(-1)}$`));
    });
  },
);

describe("the subjects of requests", () => {
  test("begin with who asks, or are those between sites with always seven tokens", () => {
    const odd = everyRequest.filter(({ asks, subject }) =>
      asks === "server"
        ? !/^chat\.server\.request\.[a-z]+\.\{siteId\}\.[a-z]+\.\{fromSite\}$/.test(subject.template)
        : !subject.template.startsWith("chat.user.{homeSite}.{account}.request."),
    );

    expect(odd.map(({ operation }) => operation)).toEqual([]);
  });

  test("name the room where its home is asked, and where a member speaks of itself at its own site", () => {
    const rooms = everyRequest.filter(({ subject }) => subject.template.includes("{roomId}"));
    const own = rooms.filter(({ asks }) => asks === "own").map(({ operation }) => operation);

    expect(own.toSorted()).toEqual(["favourite", "message.read", "mute"]);
    expect(
      rooms.filter(({ subject }) => !subject.template.includes(".request.room.{roomId}.{siteId}.")),
    ).toEqual([]);
  });

  test("reach one endpoint each", () => {
    const pairs = everyRequest.flatMap((one) =>
      everyRequest
        .filter((other) => one.operation < other.operation)
        .filter((other) => filtersOverlap(one.subject.filter(), other.subject.filter()))
        .map((other) => `${one.operation} and ${other.operation}`),
    );

    expect(pairs).toEqual([]);
  });
});

test("commands are exactly the requests that a job result follows", () => {
  const commands = everyRequest.filter((request) => request.command).map(({ operation }) => operation);

  expect(commands.toSorted()).toEqual(jobResult.shape.operation.options.toSorted());
});
