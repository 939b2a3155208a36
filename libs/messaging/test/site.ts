import { randomUUID } from "node:crypto";

import { canonicalSubjects } from "@parley/contract/events";
import { base62, uuidV7 } from "@parley/contract/ids";
import { streamDeclarations, streamName, type StreamName } from "@parley/contract/streams";
import { inject, test as base } from "vitest";

import { connectNats, type Broker } from "../src/connect-nats.ts";
import { declareStreams } from "../src/declare-streams.ts";
import { publishToStream } from "../src/publish.ts";
import { traceOf } from "../src/trace.ts";

export const newRoomId = (): string => base62(randomUUID(), 17);
export const newSiteId = (): string => `m-${randomUUID().slice(0, 8)}`;

/** A connection to the run's broker, or to a relay in front of it. */
export const connectTo = (of: { url?: string; inboxPrefix?: string } = {}): Promise<Broker> =>
  connectNats({
    url: of.url ?? inject("natsUrl"),
    name: "test",
    inboxPrefix: of.inboxPrefix ?? `_INBOX.test.${randomUUID()}`,
    domain: "test",
  });

const encoder = new TextEncoder();

/** Streams of a site of its own, and means to fill and read them. */
async function openSite(stack: AsyncDisposableStack) {
  const siteId = newSiteId();
  const broker = await connectTo();
  stack.defer(() => broker.close());
  const { MESSAGES_CANONICAL, DEAD } = streamDeclarations(siteId);
  await declareStreams(broker, { owned: [MESSAGES_CANONICAL, DEAD], used: [], create: true });
  const name = (stream: StreamName): string => streamName(stream, siteId);

  return {
    siteId,
    broker,
    name,

    /** Stores a message of a room; answers its sequence. */
    async store(roomId: string, text: string): Promise<number> {
      const { seq } = await publishToStream(broker, {
        subject: canonicalSubjects.messageAppend.of({ siteId, roomId, type: "created" }),
        payload: encoder.encode(text),
        messageId: randomUUID(),
        trace: traceOf(undefined, uuidV7()),
      });
      return seq;
    },

    /** What DEAD holds, oldest first. */
    async dead() {
      const { state } = await broker.manager.streams.info(name("DEAD"));
      const found = [];
      for (let seq = 1; seq <= state.last_seq; seq += 1) {
        const message = await broker.manager.direct.getMessage(name("DEAD"), { seq });
        if (message) found.push(message);
      }
      return found;
    },
  };
}

/** A test with streams of its own, so that no other test's messages come. */
export const test = base.extend("site", async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openSite(stack);
});
export type TestSite = Awaited<ReturnType<typeof openSite>>;
