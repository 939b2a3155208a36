import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { isAnswered, startLinkedBrokers, untilAnswered, type LinkedBrokers } from "../test/linked-brokers.ts";

const room = "jHjHNiEuCoJo8Nrzp";
const request = "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f";

interface Side {
  readonly siteId: string;
  readonly connection: NatsConnection;
}

let controls = 0;

/**
 * Whether a listener hears what somebody publishes. A request that is answered goes the same way before it and after it:
 * before, for listeners become known from one broker to the next; after, for what has not come by then never will.
 */
async function hears(of: {
  listener: Side;
  pattern?: string;
  speaker: Side;
  subject: string;
}): Promise<boolean> {
  const { listener, pattern = of.subject, speaker, subject } = of;
  let heard = false;
  const listening = listener.connection.subscribe(pattern, {
    callback: (_error, message) => {
      heard ||= message.subject === subject;
    },
  });
  controls += 1;
  const control = `chat.server.request.control.${listener.siteId}.${controls}.${speaker.siteId}`;
  const answering = listener.connection.subscribe(control, {
    callback: (_error, message) => void message.respond("here"),
  });
  await untilAnswered(speaker.connection, control);
  speaker.connection.publish(subject);
  await speaker.connection.request(control);
  listening.unsubscribe();
  answering.unsubscribe();
  return heard;
}

describe.each([
  { how: "two sites directly", siteIds: ["alpha", "beta"] },
  { how: "three sites at a hub", siteIds: ["alpha", "beta", "gamma"] },
])("$how: a peer", ({ siteIds }) => {
  let brokers: LinkedBrokers;
  let alpha: Side;
  let neighbour: Side;
  let beta: Side;
  beforeAll(async () => {
    brokers = await startLinkedBrokers(siteIds, { hostile: "beta" });
    const sideOf = async (siteId: string) => ({ siteId, connection: await brokers.operator(siteId) });
    [alpha, neighbour, beta] = [await sideOf("alpha"), await sideOf("alpha"), await sideOf("beta")];
  });
  afterAll(() => brokers[Symbol.asyncDispose]());

  test.each([
    ["a request of its own account", `chat.user.beta.judy.request.room.${room}.alpha.member.add`],
    ["that its own account is typing", `chat.user.beta.judy.room.${room}.alpha.typing`],
    ["a notice to an account of ours", "chat.user.alpha.ann.event.beta.room.key"],
    ["a job result to an account of ours", `chat.user.alpha.ann.response.beta.${request}`],
    ["the messages of its rooms", `chat.room.beta.${room}.event`],
    ["the notices of its rooms", `chat.room.beta.${room}.event.member`],
    ["a server request", "chat.server.request.roomkey.alpha.get.beta"],
    ["its lane", `lane.beta.alpha.outbox.beta.alpha.${room}.room_created`],
    ["a reply to an account of ours", "_INBOX.user.alpha.ann.one"],
    ["a reply to a process of ours", "_INBOX.svc.alpha.room-service.one"],
  ])("sends %s", async (_what, subject) => {
    expect(await hears({ listener: alpha, speaker: beta, subject })).toBe(true);
  });

  // R106
  test.each([
    ["act as an account of ours", `chat.user.alpha.ann.request.room.${room}.alpha.member.add`],
    ["act as an account of a third site", `chat.user.gamma.gus.request.room.${room}.alpha.member.add`],
    ["type as an account of ours", `chat.user.alpha.ann.room.${room}.alpha.typing`],
    ["send keys as if from us", "chat.user.alpha.ann.event.alpha.room.key"],
    ["send keys as if from a third site", "chat.user.alpha.ann.event.gamma.room.key"],
    ["send job results as if from us", `chat.user.alpha.ann.response.alpha.${request}`],
    ["send job results as if from a third site", `chat.user.alpha.ann.response.gamma.${request}`],
    ["speak in a room of ours", `chat.room.alpha.${room}.event`],
    ["speak in a room of a third site", `chat.room.gamma.${room}.event.member`],
    ["ask for keys as if from us", "chat.server.request.roomkey.alpha.get.alpha"],
    ["ask for keys as if from a third site", "chat.server.request.roomkey.alpha.get.gamma"],
    ["ask for keys without saying who asks", "chat.server.request.roomkey.alpha.get"],
    ["write the lane of a third site", `lane.gamma.alpha.outbox.gamma.alpha.${room}.room_created`],
    ["append an event to a room of ours", `chat.room.canonical.alpha.${room}.members_removed`],
    ["append an event to a room of its own here", `chat.room.canonical.beta.${room}.members_removed`],
    ["append a message", `chat.msg.canonical.alpha.${room}.created`],
    ["fill our OUTBOX", `outbox.alpha.gamma.${room}.room_created`],
    ["repair a replica of ours", `inbox.alpha.local.${room}.snapshot`],
    ["park a message", "dead.alpha.inbox-worker.unparseable"],
  ])("cannot %s", async (_what, subject) => {
    expect(await hears({ listener: alpha, speaker: beta, subject })).toBe(false);
    expect(await hears({ listener: alpha, speaker: neighbour, subject })).toBe(true);
  });

  // R106
  test.each([
    ["requests of our accounts to us", `chat.user.alpha.ann.request.room.${room}.alpha.member.add`],
    ["keys for our accounts", "chat.user.alpha.ann.event.alpha.room.key"],
    ["our accounts' job results", `chat.user.alpha.ann.response.alpha.${request}`],
    ["replies to our accounts", "_INBOX.user.alpha.ann.one"],
    ["replies to our processes", "_INBOX.svc.alpha.room-service.one"],
    ["our processes asking each other", "chat.server.request.room.alpha.ensurekey.alpha"],
    ["our lane to a third site", `lane.alpha.gamma.outbox.alpha.gamma.${room}.room_created`],
    ["our events", `chat.room.canonical.alpha.${room}.room_created`],
    ["our OUTBOX as it is filled", `outbox.alpha.gamma.${room}.room_created`],
  ])("cannot read %s", async (_what, subject) => {
    for (const pattern of [subject, subject.replace(/\.[^.]+$/, ".>"), ">"]) {
      expect(await hears({ listener: beta, pattern, speaker: alpha, subject })).toBe(false);
    }
    expect(await hears({ listener: neighbour, speaker: alpha, subject })).toBe(true);
  });

  test("is heard no more once its link is cut, and again once it is restored", async () => {
    const answering = alpha.connection.subscribe("chat.server.request.site.alpha.info.beta", {
      callback: (_error, message) => void message.respond("here"),
    });
    await untilAnswered(beta.connection, "chat.server.request.site.alpha.info.beta");

    await brokers.link("beta").cut();
    expect(await isAnswered(beta.connection, "chat.server.request.site.alpha.info.beta")).toBe(false);
    expect(beta.connection.isClosed()).toBe(false);

    await brokers.link("beta").restore();
    await brokers.untilLinked();
    expect(await isAnswered(beta.connection, "chat.server.request.site.alpha.info.beta")).toBe(true);
    answering.unsubscribe();
  });
});

describe("three sites at a hub: between two others a site", () => {
  let brokers: LinkedBrokers;
  let [alpha, beta, gamma]: Side[] = [];
  beforeAll(async () => {
    brokers = await startLinkedBrokers(["alpha", "beta", "gamma"], { hostile: "gamma" });
    [alpha, beta, gamma] = await Promise.all(
      ["alpha", "beta", "gamma"].map(async (siteId) => ({
        siteId,
        connection: await brokers.operator(siteId),
      })),
    );
  });
  afterAll(() => brokers[Symbol.asyncDispose]());

  test.each([
    ["keys", "chat.user.alpha.ann.event.beta.room.key"],
    ["job results", `chat.user.alpha.ann.response.beta.${request}`],
    ["requests", `chat.user.beta.judy.request.room.${room}.alpha.member.add`],
    ["server requests", "chat.server.request.roomkey.alpha.get.beta"],
    ["replies to accounts", "_INBOX.user.alpha.ann.one"],
    ["replies to processes", "_INBOX.svc.alpha.room-service.one"],
    ["lanes", `lane.beta.alpha.outbox.beta.alpha.${room}.room_created`],
  ])("cannot read %s", async (_what, subject) => {
    if (alpha === undefined || beta === undefined || gamma === undefined) {
      throw new Error("the brokers were not started");
    }
    for (const pattern of [subject, subject.replace(/\.[^.]+$/, ".>"), ">"]) {
      expect(await hears({ listener: gamma, pattern, speaker: beta, subject })).toBe(false);
    }
    expect(await hears({ listener: alpha, speaker: beta, subject })).toBe(true);
  });
});
