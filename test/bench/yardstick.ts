import { join } from "node:path";

import { streamDeclarations } from "@parley/contract/streams";
import { startNatsServer } from "@parley/local-stack/nats-server";
import { serviceInboxPrefix } from "@parley/contract/headers";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { declareStreams } from "@parley/messaging/declare-streams";

import type { Workplace } from "./workplace.ts";

/** Its site id and JetStream domain. */
export const YARD = "yard";

/** A broker with the product's ROOMS stream and nothing else: what the same machine does without Parley. */
export interface Yardstick extends AsyncDisposable {
  readonly broker: Broker;
}

/** Starts a broker of its own; no users, so whoever connects may do everything. */
export async function startYardstick({ dir, signal }: Workplace): Promise<Yardstick> {
  await using opening = new AsyncDisposableStack();
  const server = await startNatsServer({ dir: join(dir, "yardstick"), domain: YARD, signal });
  opening.defer(() => server.stop());
  const broker = await connectNats({
    url: server.url,
    name: "bench",
    inboxPrefix: serviceInboxPrefix(YARD),
    domain: YARD,
  });
  opening.defer(() => broker.close());
  await declareStreams(broker, { owned: [streamDeclarations(YARD).ROOMS], used: [], create: true });
  const opened = opening.move();
  return { broker, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
