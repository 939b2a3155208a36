import { serviceInboxPrefix } from "@parley/contract/headers";
import type { Log, Recorder } from "@parley/contract/observe";
import type { ProcessName } from "@parley/contract/processes";
import { STREAM_OWNERS, streamDeclarations, streamName, type StreamName } from "@parley/contract/streams";
import type { ServiceContext } from "@parley/lifecycle/service";
import { connectNats, UnfitServer, type Broker } from "@parley/messaging/connect-nats";
import { declareStreams, StreamsDiffer } from "@parley/messaging/declare-streams";
import { startSiteClock, type SiteClock } from "@parley/messaging/site-clock";
import { connectMongo, type MongoConnection } from "@parley/mongo/connect-mongo";
import { ensureIndexes } from "@parley/mongo/ensure-indexes";
import { createRecorder } from "@parley/telemetry/otel-recorder";

/** The part of a process's configuration that opening its site needs. */
export interface SiteConfig {
  readonly siteId: string;
  readonly natsUrl: string;
  readonly natsCreds?: Uint8Array | undefined;
  readonly natsDomain: string;
  readonly mongoUrl: string;
  readonly mongoDb: string;
  readonly bootstrapStreams: boolean;
}

/** What every process works with once its site is open. */
export interface Site {
  readonly siteId: string;
  readonly process: ProcessName;
  readonly broker: Broker;
  readonly database: MongoConnection["database"];
  readonly clock: SiteClock;
  readonly recorder: Recorder;
  readonly log: Log;
  /** Asked before work is given up as failed: whether everything that was opened answers. */
  dependenciesUp(): Promise<boolean>;
  /** Adds something that must answer. Also a readiness check. */
  addDependency(name: string, ping: () => Promise<void>): void;
}

interface Opening {
  readonly stack: AsyncDisposableStack;
  readonly context: ServiceContext;
  readonly config: SiteConfig;
  readonly process: ProcessName;
  /** The streams this process reads or writes; those it owns are created when configured. */
  readonly streams: readonly StreamName[];
}

async function openBroker({ stack, context, config, process }: Opening): Promise<Broker> {
  const broker = await context.retry({
    what: "nats",
    attempt: () =>
      connectNats({
        url: config.natsUrl,
        credentials: config.natsCreds,
        name: `${process}@${config.siteId}`,
        inboxPrefix: `${serviceInboxPrefix(config.siteId)}.${process}`,
        domain: config.natsDomain,
      }),
    isFinal: (cause) => cause instanceof UnfitServer,
  });
  stack.defer(() => broker.close());
  context.readiness.register("nats", () => ({ ok: broker.connected() }));
  return broker;
}

async function openMongo({ stack, context, config, process }: Opening) {
  const mongo = await context.retry({
    what: "mongo",
    attempt: () => connectMongo({ url: config.mongoUrl, database: config.mongoDb, appName: process }),
  });
  stack.defer(() => mongo.close());
  await context.retry({ what: "mongo_indexes", attempt: () => ensureIndexes(mongo.database) });
  return mongo;
}

/** Creates the owned streams where configured and waits for the others: their owners may still be starting. */
async function openStreams(opening: Opening, broker: Broker): Promise<void> {
  const declared = streamDeclarations(opening.config.siteId);
  const owned = opening.streams.filter((stream) => STREAM_OWNERS[stream] === opening.process);
  const used = opening.streams.filter((stream) => STREAM_OWNERS[stream] !== opening.process);
  await opening.context.retry({
    what: "streams",
    attempt: () =>
      declareStreams(broker, {
        owned: owned.map((stream) => declared[stream]),
        used: used.map((stream) => declared[stream]),
        create: opening.config.bootstrapStreams,
      }),
    isFinal: (cause) =>
      cause instanceof StreamsDiffer && !(opening.config.bootstrapStreams && cause.onlyMissing),
  });
}

/** Steps 2 to 5 of start-up (SPEC-rooms 9.1), each with back-off until `STARTUP_TIMEOUT_MS`. */
export async function openSite(opening: Opening): Promise<Site> {
  const { stack, context, config, process, streams } = opening;
  const { log, readiness } = context;
  const recorder = createRecorder({ log });
  const pings = new Map<string, () => Promise<void>>();
  const addDependency = (name: string, ping: () => Promise<void>): void => {
    pings.set(name, ping);
    readiness.pingEvery(name, ping);
  };

  const mongo = await openMongo(opening);
  addDependency("mongo", () => mongo.ping());
  const broker = await openBroker(opening);
  await openStreams(opening, broker);
  const clock = await context.retry({
    what: "site_clock",
    attempt: () =>
      startSiteClock(broker, {
        stream: streamName(streams[0] ?? "ROOMS", config.siteId),
        onError: (error) => log.warn("site_clock_not_measured", {}, error),
      }),
  });
  stack.defer(() => clock.stop());
  readiness.register("site_clock", () => ({ ok: clock.fresh() }));

  return {
    siteId: config.siteId,
    process,
    broker,
    database: mongo.database,
    clock,
    recorder,
    log,
    addDependency,
    dependenciesUp: async () => {
      if (!broker.connected()) return false;
      const answers = await Promise.allSettled([...pings.values()].map((ping) => ping()));
      return answers.every(({ status }) => status === "fulfilled");
    },
  };
}
