import type { Log } from "@parley/contract/observe";
import { inboxSources, streamName } from "@parley/contract/streams";
import type { Broker } from "@parley/messaging/connect-nats";

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  readonly peers: readonly string[];
  readonly log: Log;
  /** Taken by one process of the site at a time. */
  readonly takeLease: () => Promise<boolean>;
}

/** What INBOX takes from peers. */
export interface LaneSources {
  /** Makes INBOX source exactly the peers, as its owner does at start. */
  declare(): Promise<void>;
  /**
   * Has the broker ask again at once: its own retry of a stalled source takes up to 40 s after a link is back, a source
   * declared anew resumes within 2 s from the position that INBOX itself holds.
   */
  kick(): Promise<void>;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export function createLaneSources({ broker, siteId, peers, log, takeLease }: Deps): LaneSources {
  const stream = streamName("INBOX", siteId);
  const declared = structuredClone([...inboxSources(siteId, peers)]);
  const set = async (sources: typeof declared): Promise<void> => {
    const { config } = await broker.manager.streams.info(stream);
    await broker.manager.streams.update(stream, { ...config, sources });
  };
  return {
    declare: async () => {
      const { config } = await broker.manager.streams.info(stream);
      const found = (config.sources ?? []).map(({ name, filter_subject, external }) => ({
        name,
        filter_subject,
        external: external && { api: external.api, deliver: external.deliver },
      }));
      if (same(found, declared)) return;
      await set(declared);
      log.info("inbox_sources_declared", { peers: peers.join(",") });
    },
    kick: async () => {
      // Between the two updates the stream differs from its declaration: only one process may do it.
      if (!(await takeLease())) return;
      await set([]);
      await set(declared);
      log.info("inbox_sources_kicked", {});
    },
  };
}
