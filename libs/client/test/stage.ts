import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { listHistory } from "@parley/contract/messages";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { inject, onTestFinished } from "vitest";

import type { Problem } from "../src/background.ts";
import type { Client, ClientEvent } from "../src/client.ts";
import { connectParleyOn, type ParleyOptions } from "../src/connect.ts";
import { listing, newKey, openPeerSite, type PeerRoom, peerRoom, type PeerSite } from "./peer-site.ts";

export const ACCOUNT = "ann";

interface Stage {
  readonly site: PeerSite;
  readonly room: PeerRoom;
  readonly pair: ReturnType<typeof newKey>;
  readonly client: Client;
  readonly events: AsyncIterator<ClientEvent>;
  readonly connection: NatsConnection;
  readonly problems: readonly Problem[];
}

/** Connects ann to the site that the test plays; rosters are compared only where a test says so. */
export async function connectAnn(
  site: PeerSite,
  options: Partial<ParleyOptions> = {},
): Promise<Pick<Stage, "client" | "events" | "connection" | "problems">> {
  const connections: NatsConnection[] = [];
  const problems: Problem[] = [];
  const client = await connectParleyOn(
    {
      suite: nodeSuite,
      connect: async (asked) => {
        const opened = await connect(asked);
        connections.push(opened);
        return opened;
      },
    },
    {
      servers: inject("natsUrl"),
      siteId: site.siteId,
      account: ACCOUNT,
      checkRosters: false,
      onProblem: (problem) => problems.push(problem),
      ...options,
    },
  );
  onTestFinished(() => client.close());
  const [connection] = connections;
  if (connection === undefined) throw new Error("no connection was made");
  return { client, events: client.events(), connection, problems };
}

/** ann, in one channel whose key version 0 she holds, at a site whose service side the test plays. */
export async function stage({ isMember = true, keyFrom = 0 } = {}): Promise<Stage> {
  const site = await openPeerSite(inject("natsUrl"));
  onTestFinished(() => site[Symbol.asyncDispose]());
  const room = peerRoom(site);
  const pair = newKey();
  await listing(site, () => (isMember ? [room.row({ key: pair, keyFrom })] : []));
  await site.answer(listHistory, () => ({ messages: [] }));
  return { site, room, pair, ...(await connectAnn(site)) };
}

/** The next event of one of these types. */
export async function next<T extends ClientEvent["type"]>(
  events: AsyncIterator<ClientEvent>,
  ...types: readonly T[]
): Promise<Extract<ClientEvent, { type: T }>> {
  for (;;) {
    const { done, value } = await events.next();
    if (done === true) throw new Error(`the events ended before ${types.join()}`);
    if (types.some((type) => type === value.type)) return value as Extract<ClientEvent, { type: T }>;
  }
}
