import { randomUUID } from "node:crypto";

import { describe, expect, inject, vi } from "vitest";

import { connectTo, test as base } from "../test/site.ts";
import { connectNats, UnfitServer } from "./connect-nats.ts";

/** A connection, and somebody who listens on another. */
async function openPair(stack: AsyncDisposableStack) {
  const [broker, listener] = await Promise.all([connectTo(), connectTo()]);
  stack.defer(() => listener.close());
  stack.defer(() => broker.close());
  const subject = `flushed.${randomUUID()}`;
  const heard: string[] = [];
  listener.connection.subscribe(subject, { callback: (_, message) => void heard.push(message.string()) });
  await listener.connection.flush();
  return {
    broker,
    roundTrips: vi.spyOn(broker.connection, "flush"),
    publish: (text: string) => broker.connection.publish(subject, text),
    /** What the broker has handed on so far. */
    heard: async () => {
      await listener.connection.flush();
      return heard;
    },
  };
}

const test = base.extend("pair", async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openPair(stack);
});

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("connectNats", () => {
  test("knows the broker's largest payload and whether it is connected", async () => {
    const broker = await connectTo();

    expect(broker.payloadBytesMax).toBe(1_048_576);
    expect([broker.connected(), broker.disconnects()]).toEqual([true, 0]);
    await broker.close();
    expect(broker.connected()).toBe(false);
  });

  test("refuses a broker of another JetStream domain and says how to make it fit", async () => {
    const connecting = connectNats({
      url: inject("natsUrl"),
      name: "test",
      inboxPrefix: "_INBOX.test",
      domain: "elsewhere",
    });

    await expect(connecting).rejects.toBeInstanceOf(UnfitServer);
    await expect(connecting).rejects.toThrow("set it, or NATS_DOMAIN, to elsewhere");
  });
});

describe("a flush", () => {
  test("resolves once the broker has everything published before it", async ({ pair }) => {
    const { broker, publish, heard } = pair;
    const texts = Array.from({ length: 2000 }, (_, index) => `${index} ${"x".repeat(500)}`);
    texts.forEach(publish);
    await broker.flush();
    expect(await heard()).toEqual(texts);
  });

  test("is one round trip for all who ask in one turn, and covers what each published", async ({ pair }) => {
    const { broker, roundTrips, publish, heard } = pair;
    const texts = Array.from({ length: 50 }, (_, index) => `of caller ${index}`);
    await Promise.all(
      texts.map((text) => {
        publish(text);
        return broker.flush();
      }),
    );
    expect(roundTrips).toHaveBeenCalledTimes(1);
    expect(await heard()).toEqual(texts);
  });

  test("shares no round trip that began before it: what was published since would not be covered", async ({
    pair,
  }) => {
    const { broker, roundTrips, publish, heard } = pair;
    const earlier = broker.flush();
    await nextTurn();
    expect(roundTrips).toHaveBeenCalledTimes(1);
    publish("since");
    await broker.flush();
    expect(roundTrips).toHaveBeenCalledTimes(2);
    expect(await heard()).toEqual(["since"]);
    await expect(earlier).resolves.toBeUndefined();
  });

  test("rejects for everybody when the connection is closed, be it after they asked", async ({ pair }) => {
    const { broker } = pair;
    const asked = [broker.flush(), broker.flush()];
    const settled = Promise.allSettled(asked);
    await broker.connection.close();
    const rejected = {
      status: "rejected",
      reason: expect.objectContaining({ name: "ClosedConnectionError" }),
    };
    expect(await settled).toEqual([rejected, rejected]);
    expect(await Promise.allSettled([broker.flush()])).toEqual([rejected]);
  });
});
