import { nodeSuite } from "@parley/room-crypto/node-suite";

import { describeRoomKeyStore } from "./room-key-store.contract.ts";
import { memoryRoomKeyStore } from "./room-key-store.memory.ts";

describeRoomKeyStore("memory", ({ gracePeriodMs }) =>
  memoryRoomKeyStore({ suite: nodeSuite, gracePeriodMs, now: () => performance.now() }),
);
