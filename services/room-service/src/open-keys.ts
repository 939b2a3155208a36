import type { ContentKeyStore } from "@parley/content-keys/content-key-store";
import { openContentKeyStore } from "@parley/content-keys/open-content-keys";
import type { ServiceContext } from "@parley/lifecycle/service";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createWrapper, type Wrapper } from "@parley/room-crypto/wrapper";
import type { KeyAckStore } from "@parley/room-keys/key-ack-store";
import { valkeyKeyAckStore } from "@parley/room-keys/key-ack-store.valkey";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import { valkeyRoomKeyStore } from "@parley/room-keys/room-key-store.valkey";
import { watchedKeyStore } from "@parley/room-keys/watched-key-store";
import type { Site } from "@parley/site/open-site";
import { openValkey } from "@parley/site/open-valkey";

import type { Config } from "./config.ts";
import { createReceptionFor, type ReceptionFor } from "./key-reception.ts";

/** The site's keys and what handing them out takes. */
export interface Keys {
  readonly keys: RoomKeyStore;
  /** Of what is said in the rooms. */
  readonly contentKeys: ContentKeyStore;
  readonly acks: KeyAckStore;
  readonly receptionFor: ReceptionFor;
  readonly wrapper: Wrapper;
}

/** A wrapper that has wrapped nothing yet. */
export const newWrapper = (): Wrapper => createWrapper({ suite: nodeSuite, now: () => performance.now() });

export async function openKeys(
  stack: AsyncDisposableStack,
  context: ServiceContext & { readonly config: Config },
  site: Site,
): Promise<Keys> {
  const { config } = context;
  const { database, recorder, log } = site;
  const client = await openValkey({ stack, context, site, config });
  const common = {
    client,
    siteId: site.siteId,
    sealing: { suite: nodeSuite, keys: config.keyEncryptionKeys },
    now: () => site.clock.now(),
  };
  const store = valkeyRoomKeyStore({ ...common, gracePeriodMs: config.roomKeyGracePeriodMs });
  return {
    keys: watchedKeyStore(store, recorder),
    contentKeys: openContentKeyStore({ ...common, database, recorder, log }),
    acks: valkeyKeyAckStore(client),
    receptionFor: createReceptionFor({
      devices: mongoDeviceStore(database),
      delivery: config.keyDelivery,
    }),
    wrapper: newWrapper(),
  };
}
