import type { StreamConfig } from "@nats-io/jetstream";
import type { StreamDeclaration, StreamSourceDeclaration } from "@parley/contract/streams";

import type { Broker } from "./connect-nats.ts";
import { compareStream, findStream, sourcesOf, type StreamDifference } from "./declare-streams.ts";

/** A stream as it should be; `sources` where it takes messages from others. */
export interface WantedStream {
  readonly declared: StreamDeclaration;
  readonly sources?: readonly StreamSourceDeclaration[] | undefined;
}

/** What it takes for the broker's streams to be as declared. */
export interface StreamsPlan {
  readonly create: readonly WantedStream[];
  /** Differences that a change removes without taking anything from what is stored. */
  readonly change: readonly StreamDifference[];
  /** Differences that could cost messages: for a person to decide. */
  readonly byHand: readonly StreamDifference[];
}

/** The name under which a plan tells that a stream takes from others than it should. */
const SOURCES = "sources";

const isNumber = (value: unknown): value is number => typeof value === "number";
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Nanoseconds that a stream keeps messages; 0 stands for ever. */
const kept = (maxAge: unknown): number =>
  isNumber(maxAge) && maxAge > 0 ? maxAge : Number.POSITIVE_INFINITY;

/** Whether a change from `found` to `declared` only adds, by field. */
const ONLY_ADDS: Readonly<Record<string, (declared: unknown, found: unknown) => boolean>> = {
  subjects: (declared, found) => listOf(found).every((subject) => listOf(declared).includes(subject)),
  max_age: (declared, found) => kept(declared) > kept(found),
  duplicate_window: (declared, found) => isNumber(declared) && isNumber(found) && declared > found,
  num_replicas: (declared, found) => isNumber(declared) && isNumber(found) && declared > found,
  // What INBOX has taken stays; only where it goes on taking from changes.
  [SOURCES]: () => true,
};

const onlyAdds = ({ field, declared, found }: StreamDifference): boolean =>
  ONLY_ADDS[field]?.(declared, found) ?? false;

function differencesOf({ declared, sources }: WantedStream, found: StreamConfig): StreamDifference[] {
  const differences = compareStream(declared, found);
  if (sources === undefined) return differences;
  const taken = sourcesOf(found);
  if (JSON.stringify(taken) === JSON.stringify(sources)) return differences;
  return [...differences, { stream: declared.name, field: SOURCES, declared: sources, found: taken }];
}

/** Compares streams with their declarations (SPEC-rooms 9.1, `streams diff`). Changes nothing. */
export async function planStreams(broker: Broker, wanted: readonly WantedStream[]): Promise<StreamsPlan> {
  const create: WantedStream[] = [];
  const differences: StreamDifference[] = [];
  for (const stream of wanted) {
    const found = await findStream(broker, stream.declared.name);
    if (found) differences.push(...differencesOf(stream, found));
    else create.push(stream);
  }
  return {
    create,
    change: differences.filter(onlyAdds),
    byHand: differences.filter((difference) => !onlyAdds(difference)),
  };
}

/** Makes what only adds (SPEC-rooms 9.1, `streams apply`); what is left to be done by hand stays as it is. */
export async function applyStreams(broker: Broker, plan: StreamsPlan): Promise<void> {
  const { streams } = broker.manager;
  for (const { declared, sources } of plan.create)
    await streams.add(structuredClone({ ...declared, ...(sources && { sources }) }) as StreamConfig);
  for (const [stream, differences] of Map.groupBy(plan.change, (difference) => difference.stream)) {
    const { config } = await streams.info(stream);
    const changed = Object.fromEntries(differences.map(({ field, declared }) => [field, declared]));
    await streams.update(stream, structuredClone({ ...config, ...changed }) as StreamConfig);
  }
}
