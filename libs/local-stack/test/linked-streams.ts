import {
  jetstreamManager,
  type JetStreamManager,
  type StreamConfig,
  type StreamSource,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { inboxSources, streamDeclarations, streamName } from "@parley/contract/streams";

/** The streams of a site in the hands of its operator, made so that nothing but a link protects them. */
export interface LinkedStreams {
  readonly manager: JetStreamManager;
  /** Declares the sources of INBOX anew, as inbox-worker does when a link has come back. */
  kick(): Promise<void>;
  /** The payloads that INBOX holds, in order. */
  arrived(): Promise<string[]>;
}

export async function createStreams(
  connection: NatsConnection,
  of: { readonly siteId: string; readonly peers: readonly string[] },
): Promise<LinkedStreams> {
  const manager = await jetstreamManager(connection);
  const inbox = streamName("INBOX", of.siteId);
  const sources = structuredClone(inboxSources(of.siteId, of.peers)) as StreamSource[];
  for (const declared of Object.values(streamDeclarations(of.siteId))) {
    await manager.streams.add({
      ...(structuredClone(declared) as StreamConfig),
      deny_delete: false,
      deny_purge: false,
      ...(declared.name === inbox && { sources }),
    });
  }
  return {
    manager,
    async kick() {
      await manager.streams.update(inbox, { sources: [] });
      await manager.streams.update(inbox, { sources });
    },
    async arrived() {
      const { messages } = (await manager.streams.info(inbox)).state;
      const payloads: string[] = [];
      if (messages > 0) {
        for await (const message of await manager.direct.getBatch(inbox, { seq: 1, batch: messages })) {
          payloads.push(message.string());
        }
      }
      return payloads;
    },
  };
}
