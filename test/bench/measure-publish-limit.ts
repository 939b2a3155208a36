import { randomUUID } from "node:crypto";

import { canonicalSubjects } from "@parley/contract/events";
import type { Broker } from "@parley/messaging/connect-nats";

import type { Baseline, Figure } from "./figure.ts";
import { median, oneByOne, roundRates, sideBySide, spreadOf } from "./measure.ts";
import { YARD } from "./yardstick.ts";

const ROUNDS = 3;
const PUBLISHES_PER_ROUND = 5_000;
const PUBLISHES_ONE_BY_ONE = 200;
const SUBJECTS = 200;
export const IN_FLIGHT = 64;

/** What the broker did with payloads of the product's size right before and right after something else was measured. */
export interface LimitThen {
  /** Publishes per second at 64 in flight. */
  readonly perSecond: Baseline;
  /** One publish and its acknowledgement, one after the other (ms, p50). */
  readonly acknowledgedMs: Baseline;
  readonly figures: readonly Figure[];
}

export interface PublishLimit {
  /** Measures the limit before and after `work`: the machine's speed drifts, and both belong to the same minute. */
  around<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly limit: LimitThen }>;
}

/** One look at the limit. */
interface Look {
  readonly rates: readonly number[];
  readonly durationsMs: readonly number[];
}

/** Publishes to a stream declared like ROOMS, by the NATS library alone, with ids to be recognised by. */
async function look(broker: Broker, payload: Uint8Array): Promise<Look> {
  const publish = (number: number): Promise<unknown> => {
    const subject = canonicalSubjects.roomAppend.of({
      siteId: YARD,
      roomId: `limit${String(number % SUBJECTS).padStart(12, "0")}`,
      type: "members_added",
    });
    return broker.jetstream.publish(subject, payload, { msgID: randomUUID() });
  };
  const rates = await roundRates({ rounds: ROUNDS, count: PUBLISHES_PER_ROUND }, () =>
    sideBySide({ count: PUBLISHES_PER_ROUND, inFlight: IN_FLIGHT }, publish),
  );
  return { rates, durationsMs: await oneByOne(PUBLISHES_ONE_BY_ONE, publish) };
}

function limitOfLooks(looks: readonly Look[], payloadBytes: number): LimitThen {
  const perSecond = median(looks.flatMap(({ rates }) => rates));
  const { p50, p99 } = spreadOf(looks.flatMap(({ durationsMs }) => durationsMs));
  return {
    perSecond: { name: "publishes", value: perSecond },
    acknowledgedMs: { name: "one publish", value: p50 },
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

/** The limit for payloads of so many bytes. */
export function createPublishLimit(broker: Broker, payloadBytes: number): PublishLimit {
  const payload = new Uint8Array(payloadBytes).fill(0x20);
  return {
    async around(work) {
      const before = await look(broker, payload);
      const result = await work();
      const after = await look(broker, payload);
      return { result, limit: limitOfLooks([before, after], payloadBytes) };
    },
  };
}
