import type { Log } from "@parley/contract/observe";
import { streamName, type StreamSourceDeclaration } from "@parley/contract/streams";
import type { Broker } from "@parley/messaging/connect-nats";

import type { SeenSource } from "./judge-lane.ts";

const NS_PER_MS = 1e6;
/** Some servers say so of a source from which nothing was heard, others say −1 (ns). */
const NEVER_HEARD_NS = 2 ** 62;

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  /** What INBOX is to take from the OUTBOX of each peer; without `external` from a stream of this very broker. */
  readonly declared: readonly (Omit<StreamSourceDeclaration, "external"> &
    Partial<StreamSourceDeclaration>)[];
  readonly log: Log;
}

/** What INBOX takes from peers. A source is named by the peer's stream. */
export interface LaneSources {
  /** Makes INBOX source exactly what is declared, as its owner does at start. */
  declare(): Promise<void>;
  /** What the broker knows of each source; one that is not declared at the moment is left out. */
  look(): Promise<ReadonlyMap<string, SeenSource>>;
  /**
   * Has the broker ask this peer again at once, and no other: its own retry of a stalled source takes up to 40 s after
   * a link is back, a source declared anew resumes at the position that INBOX itself holds. In between the source is
   * missing, so one process does it at a time.
   */
  renew(source: string): Promise<void>;
}

/** `active`: how long nothing was heard since the source was declared (ns). */
const isHeard = (active: number): boolean => active >= 0 && active < NEVER_HEARD_NS;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export function createLaneSources({ broker, siteId, declared, log }: Deps): LaneSources {
  const stream = streamName("INBOX", siteId);
  const all = structuredClone([...declared]);
  return {
    declare: async () => {
      const { config } = await broker.manager.streams.info(stream);
      const found = (config.sources ?? []).map(({ name, filter_subject, external }) => ({
        name,
        filter_subject,
        ...(external && { external: { api: external.api, deliver: external.deliver } }),
      }));
      if (same(found, all)) return;
      await broker.manager.streams.update(stream, { ...config, sources: all });
      log.info("inbox_sources_declared", { sources: all.map(({ name }) => name).join(",") });
    },
    look: async () => {
      const { sources = [] } = await broker.manager.streams.info(stream);
      return new Map(
        sources.map(({ name, lag, active }) => [
          name,
          { lagMessages: lag, silentMs: isHeard(active) ? active / NS_PER_MS : undefined },
        ]),
      );
    },
    renew: async (source) => {
      const { config } = await broker.manager.streams.info(stream);
      const others = all.filter(({ name }) => name !== source);
      await broker.manager.streams.update(stream, { ...config, sources: others });
      await broker.manager.streams.update(stream, { ...config, sources: all });
    },
  };
}
