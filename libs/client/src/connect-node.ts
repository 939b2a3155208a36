import { connect } from "@nats-io/transport-node";
import { nodeSuite } from "@parley/room-crypto/node-suite";

import type { Client } from "./client.ts";
import { connectParleyOn, type ParleyOptions } from "./connect.ts";

/** {@link connectParleyOn} over TCP with `node:crypto`. */
export const connectParley = (options: ParleyOptions): Promise<Client> =>
  connectParleyOn({ connect, suite: nodeSuite }, options);
