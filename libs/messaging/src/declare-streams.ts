import { JetStreamApiCodes, JetStreamApiError, type StreamConfig } from "@nats-io/jetstream";
import type { StreamDeclaration, StreamSourceDeclaration } from "@parley/contract/streams";

import type { Broker } from "./connect-nats.ts";

/** One declared field that the broker has otherwise. */
export interface StreamDifference {
  readonly stream: string;
  readonly field: string;
  readonly declared: unknown;
  readonly found: unknown;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Compares declared fields only: the broker adds many of its own. */
export function compareStream(declared: StreamDeclaration, found: StreamConfig): StreamDifference[] {
  return Object.entries(declared)
    .map(([field, value]) => ({ field, declared: value, found: found[field as keyof StreamConfig] }))
    .filter((entry) => !same(entry.declared, entry.found))
    .map((entry) => ({ stream: declared.name, ...entry }));
}

/** How the broker has a stream; `undefined` when it has none of this name. */
export async function findStream(broker: Broker, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await broker.manager.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)
      return undefined;
    throw error;
  }
}

/** Where a stream takes messages from, in the form that they are declared in: the broker adds fields of its own. */
export const sourcesOf = (config: StreamConfig): readonly StreamSourceDeclaration[] =>
  (config.sources ?? []).map(({ name, filter_subject = "", external }) => ({
    name,
    filter_subject,
    external: { api: external?.api ?? "", deliver: external?.deliver ?? "" },
  }));

/** One line for a person. */
export const describeDifference = (difference: StreamDifference): string =>
  `${difference.stream}.${difference.field}: declared ${JSON.stringify(difference.declared)}, ` +
  `found ${JSON.stringify(difference.found ?? null)}`;

/** Streams are missing or otherwise than this release declares them; nothing was changed. */
export class StreamsDiffer extends Error {
  override readonly name = "StreamsDiffer";
  /** Nothing is different, some are not there yet: their owner may be about to create them. */
  readonly onlyMissing: boolean;

  constructor(missing: readonly string[], different: readonly StreamDifference[]) {
    super(
      [
        "the streams are not as declared; nothing was changed.",
        ...missing.map((name) => `${name}: does not exist`),
        ...different.map(describeDifference),
        "Start their owners with BOOTSTRAP_STREAMS=true, or run: node libs/site/src/streams.ts diff",
      ].join("\n"),
    );
    this.onlyMissing = different.length === 0;
  }
}

/**
 * Start-up step 5 (SPEC-rooms 9.1): creates what this process owns if `create` says so. Never changes and never deletes
 * a stream.
 * @throws StreamsDiffer when a stream is missing or differs from its declaration
 */
export async function declareStreams(
  broker: Broker,
  streams: {
    readonly owned: readonly StreamDeclaration[];
    readonly used: readonly StreamDeclaration[];
    readonly create: boolean;
  },
): Promise<void> {
  const missing: string[] = [];
  const different: StreamDifference[] = [];
  for (const declared of [...streams.owned, ...streams.used]) {
    let found = await findStream(broker, declared.name);
    if (!found && streams.create && streams.owned.includes(declared))
      found = (await broker.manager.streams.add(structuredClone(declared) as StreamConfig)).config;
    if (found) different.push(...compareStream(declared, found));
    else missing.push(declared.name);
  }
  if (missing.length > 0 || different.length > 0) throw new StreamsDiffer(missing, different);
}
