import { randomUUID } from "node:crypto";

import { canonicalSubjects } from "@parley/contract/events";
import type { Broker } from "@parley/messaging/connect-nats";
import { publishToStream } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";

import type { Figure } from "./figure.ts";
import { medianRate, oneByOne, sideBySide, spreadOf } from "./measure.ts";
import { YARD } from "./yardstick.ts";

const ROUNDS = 5;
const PUBLISHES_PER_ROUND = 5_000;
const PUBLISHES_ONE_BY_ONE = 500;
const SUBJECTS = 200;
export const IN_FLIGHT = 64;

/** What the broker does with payloads of the product's size, nobody deciding anything. */
export interface PublishLimit {
  /** Publishes per second at 64 in flight. */
  readonly perSecond: number;
  /** One publish and its acknowledgement, one after the other (ms, p50). */
  readonly acknowledgedMs: number;
  readonly figures: readonly Figure[];
}

/** Publishes to a stream declared like ROOMS, through the product's own publish function. */
export async function measurePublishLimit(broker: Broker, payloadBytes: number): Promise<PublishLimit> {
  const payload = new Uint8Array(payloadBytes).fill(0x20);
  const publish = (number: number): Promise<unknown> =>
    publishToStream(broker, {
      subject: canonicalSubjects.roomAppend.of({
        siteId: YARD,
        roomId: `limit${String(number % SUBJECTS).padStart(12, "0")}`,
        type: "members_added",
      }),
      payload,
      messageId: randomUUID(),
      trace: traceOf(undefined, randomUUID()),
    });
  const perSecond = await medianRate({ rounds: ROUNDS, count: PUBLISHES_PER_ROUND }, () =>
    sideBySide({ count: PUBLISHES_PER_ROUND, inFlight: IN_FLIGHT }, publish),
  );
  const { p50, p99 } = spreadOf(await oneByOne(PUBLISHES_ONE_BY_ONE, publish));
  return {
    perSecond,
    acknowledgedMs: p50,
    figures: [
      {
        name: `JetStream publish of ${payloadBytes} bytes, ${IN_FLIGHT} in flight (limit)`,
        value: perSecond,
        unit: "/s",
      },
      { name: "JetStream publish, one by one, p50", value: p50, unit: "ms" },
      { name: "JetStream publish, one by one, p99", value: p99, unit: "ms" },
    ],
  };
}
