import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { streamName } from "@parley/contract/streams";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { isAnswered, startLinkedBrokers, type LinkedBrokers } from "../test/linked-brokers.ts";
import { createStreams, type LinkedStreams } from "../test/linked-streams.ts";

const room = "jHjHNiEuCoJo8Nrzp";
const ARRIVAL = { timeout: 10_000, interval: 50 };

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `event ${from + index}`);

describe.each([
  { how: "two sites directly", siteIds: ["alpha", "beta"] },
  { how: "three sites at a hub", siteIds: ["alpha", "beta", "gamma"] },
])("$how", ({ siteIds }) => {
  let brokers: LinkedBrokers;
  const operators = new Map<string, NatsConnection>();
  const streams = new Map<string, LinkedStreams>();
  beforeAll(async () => {
    brokers = await startLinkedBrokers(siteIds, { hostile: "beta" });
    for (const siteId of siteIds) {
      const peers = siteIds.filter((other) => other !== siteId);
      operators.set(siteId, await brokers.operator(siteId));
      streams.set(siteId, await createStreams(operatorOf(siteId), { siteId, peers }));
    }
  });
  afterAll(() => brokers[Symbol.asyncDispose]());

  function operatorOf(siteId: string): NatsConnection {
    return operators.get(siteId) ?? expect.unreachable(`no operator of ${siteId}`);
  }

  function streamsOf(siteId: string): LinkedStreams {
    return streams.get(siteId) ?? expect.unreachable(`no streams of ${siteId}`);
  }

  async function send(from: string, dest: string, payloads: readonly string[]): Promise<void> {
    const client = jetstream(operatorOf(from));
    for (const payload of payloads) {
      await client.publish(`outbox.${from}.${dest}.${room}.role_changed`, payload, {
        msgID: `${room}:${payload}:${dest}`,
      });
    }
  }

  /** Sequences, messages and consumers of every stream of alpha. */
  async function alphaStreams() {
    const { manager } = streamsOf("alpha");
    const names = ["ROOMS", "MESSAGES_CANONICAL", "OUTBOX", "DEAD"] as const;
    const found = await Promise.all(names.map((name) => manager.streams.info(streamName(name, "alpha"))));
    return found.map(({ config, state }) => ({
      name: config.name,
      subjects: config.subjects,
      last: state.last_seq,
      messages: state.messages,
      consumers: state.consumer_count,
    }));
  }

  // R106
  test("a lane carries what is meant for a site, in order, and nobody else receives it", async () => {
    await send("alpha", "beta", numbered(0, 100));

    await vi.waitFor(async () => expect(await streamsOf("beta").arrived()).toHaveLength(100), ARRIVAL);
    expect(await streamsOf("beta").arrived()).toEqual(numbered(0, 100));
    for (const other of siteIds.filter((siteId) => siteId !== "beta")) {
      expect(await streamsOf(other).arrived()).toEqual([]);
    }
  });

  test("what was sent while the link was cut arrives after it, each once and in order", async () => {
    const before = await streamsOf("beta").arrived();
    await brokers.link("beta").cut();
    await send("alpha", "beta", numbered(100, 200));
    expect(await streamsOf("beta").arrived()).toEqual(before);

    await brokers.link("beta").restore();
    await brokers.untilLinked();
    await Promise.all(siteIds.map((siteId) => streamsOf(siteId).kick()));

    const expected = [...before, ...numbered(100, 200)];
    await vi.waitFor(async () => expect(await streamsOf("beta").arrived()).toEqual(expected), ARRIVAL);
  });

  test("lanes run both ways at once", async () => {
    await send("beta", "alpha", numbered(0, 20));

    await vi.waitFor(
      async () => expect(await streamsOf("alpha").arrived()).toEqual(numbered(0, 20)),
      ARRIVAL,
    );
  });

  test.each([
    "STREAM.PURGE.ROOMS_alpha",
    "STREAM.DELETE.OUTBOX_alpha",
    "STREAM.MSG.DELETE.OUTBOX_alpha",
    "STREAM.UPDATE.OUTBOX_alpha",
    "STREAM.CREATE.MORE_alpha",
    "STREAM.INFO.ROOMS_alpha",
    "STREAM.MSG.GET.ROOMS_alpha",
    "DIRECT.GET.OUTBOX_alpha",
    "STREAM.NAMES",
    "INFO",
    "CONSUMER.CREATE.OUTBOX_alpha",
    "CONSUMER.CREATE.OUTBOX_alpha.spy",
    "CONSUMER.CREATE.OUTBOX_alpha.spy.outbox.alpha.gamma.>",
    "CONSUMER.CREATE.OUTBOX_alpha.spy.outbox.alpha.*.>",
    `CONSUMER.CREATE.ROOMS_alpha.spy.chat.room.canonical.alpha.>`,
    "CONSUMER.DURABLE.CREATE.OUTBOX_alpha.spy",
    "CONSUMER.DELETE.ROOMS_alpha.room-worker",
  ])("a peer's %s reaches nobody and changes nothing", async (command) => {
    await send("alpha", "gamma", [`for ${command}`]);
    const before = await alphaStreams();
    const beta = operatorOf("beta");

    expect(await isAnswered(beta, `$JS.alpha.API.${command}`)).toBe(false);
    // Without a domain it is the peer's own JetStream that answers.
    await isAnswered(beta, `$JS.API.${command}`);

    expect(await alphaStreams()).toEqual(before);
  });

  // The broker does not check where an answer is asked for, and JetStream answers anywhere.
  test.each([
    "$JS.API.STREAM.PURGE.OUTBOX_alpha",
    "$JS.alpha.API.STREAM.PURGE.OUTBOX_alpha",
    "$JS.API.STREAM.DELETE.OUTBOX_alpha",
    "$JS.API.CONSUMER.DELETE.OUTBOX_alpha.lane",
  ])("JetStream's answer to a peer, asked for at %s, commands nothing", async (reply) => {
    const subject = "$JS.alpha.API.CONSUMER.CREATE.OUTBOX_alpha.lane.outbox.alpha.beta.>";
    const body = JSON.stringify({
      stream_name: "OUTBOX_alpha",
      config: {
        name: "lane",
        durable_name: "lane",
        ack_policy: "none",
        filter_subject: "outbox.alpha.beta.>",
      },
    });
    const beta = operatorOf("beta");
    expect((await beta.request(subject, body)).json()).toMatchObject({ name: "lane" });
    const before = await alphaStreams();

    beta.publish(subject, body, { reply });
    await beta.request(subject, body);

    expect(await alphaStreams()).toEqual(before);
  });

  // R106
  test("a peer that names its own lane and asks for another is refused", async () => {
    const body = {
      stream_name: "OUTBOX_alpha",
      config: { name: "spy", ack_policy: "none", filter_subject: "outbox.alpha.gamma.>" },
      action: "create",
    };

    const reply = await operatorOf("beta").request(
      "$JS.alpha.API.CONSUMER.CREATE.OUTBOX_alpha.spy.outbox.alpha.beta.>",
      JSON.stringify(body),
    );

    expect(reply.json()).toMatchObject({ error: { err_code: 10131 } });
  });
});
