import { wsconnect } from "@nats-io/nats-core";
import { portableSuite } from "@parley/room-crypto/portable-suite";

import type { Client } from "./client.ts";
import { connectParleyOn, type ParleyOptions } from "./connect.ts";

/** {@link connectParleyOn} over WebSocket with portable cryptography; it runs in Node as well. */
export const connectParley = (options: ParleyOptions): Promise<Client> =>
  connectParleyOn({ connect: wsconnect, suite: portableSuite }, options);
