import { randomUUID } from "node:crypto";

import { Failure } from "@parley/contract/failure";
import { uuidV7 } from "@parley/contract/ids";
import { describe, expect, inject, vi } from "vitest";

import { startRelay } from "../test/relay.ts";
import { connectTo, test as base } from "../test/site.ts";
import { beginFlush } from "./flush-guard.ts";
import { publishNotice } from "./publish.ts";
import { traceOf } from "./trace.ts";

/** A connection that can lose what it sends, and somebody who listens on the other side. */
async function openLossy(stack: AsyncDisposableStack) {
  const relay = await startRelay(inject("natsUrl"));
  stack.defer(() => relay.stop());
  const [broker, listener] = await Promise.all([connectTo({ url: relay.url }), connectTo()]);
  stack.defer(() => listener.close());
  stack.defer(() => broker.close());
  const subject = `notice.${randomUUID()}`;
  const heard: string[] = [];
  listener.connection.subscribe(subject, { callback: (_, message) => void heard.push(message.json()) });
  await listener.connection.flush();
  const publish = (body: string): void =>
    publishNotice(broker, { subject, body, trace: traceOf(undefined, uuidV7()) });
  return { relay, broker, heard, publish };
}

const test = base.extend("lossy", async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openLossy(stack);
});

const reconnected = (broker: { connected(): boolean; disconnects(): number }) =>
  vi.waitFor(() => expect([broker.connected(), broker.disconnects()]).toEqual([true, 1]), { timeout: 5000 });

describe("beginFlush", () => {
  test("resolves when the broker has everything", async ({ lossy }) => {
    const flushing = beginFlush(lossy.broker);
    lossy.publish("one");
    await flushing.flush();

    await vi.waitFor(() => expect(lossy.heard).toEqual(["one"]));
  });

  // R59
  test("fails after a reconnect, although the flush itself would succeed and the notice is gone", async ({
    lossy,
  }) => {
    const { relay, broker, heard, publish } = lossy;
    const flushing = beginFlush(broker);
    relay.swallow();
    publish("lost");
    await new Promise((resolve) => setTimeout(resolve, 20));
    relay.cut();
    await reconnected(broker);

    await broker.connection.flush();
    const outcome = flushing.flush();

    await expect(outcome).rejects.toBeInstanceOf(Failure);
    await expect(outcome).rejects.toMatchObject({ reason: "store_unavailable" });
    expect(heard).toEqual([]);
  });

  test("fails when the connection goes while the flush is under way", async ({ lossy }) => {
    const { relay, broker, publish } = lossy;
    const flushing = beginFlush(broker);
    relay.swallow();
    publish("lost");
    const outcome = flushing.flush();
    outcome.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    relay.cut();

    await expect(outcome).rejects.toMatchObject({ reason: "store_unavailable" });
  });

  test("counts again for an attempt that begins after the reconnect", async ({ lossy }) => {
    const { relay, broker, heard, publish } = lossy;
    relay.cut();
    await reconnected(broker);

    const flushing = beginFlush(broker);
    publish("again");
    await flushing.flush();

    await vi.waitFor(() => expect(heard).toEqual(["again"]));
  });
});
