import { clientSubjects } from "@parley/contract/notices";
import { createDirectoryCache } from "@parley/mongo/directory-cache";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createWrapper } from "@parley/room-crypto/wrapper";
import type { KeyAckStore } from "@parley/room-keys/key-ack-store";
import { valkeyKeyAckStore } from "@parley/room-keys/key-ack-store.valkey";
import type { KeyResendStore } from "@parley/room-keys/key-resend-store";
import { valkeyKeyResendStore } from "@parley/room-keys/key-resend-store.valkey";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import { watchStore } from "@parley/room-keys/watch-store";
import type { Site } from "@parley/site/open-site";
import type { openValkey } from "@parley/site/open-valkey";

import type { Config } from "./config.ts";
import { createDeliverKey } from "./deliver-key.ts";
import { createKeyAckBook } from "./key-ack-book.ts";
import { createResendKey } from "./resend-key.ts";
import { createSendKey, type SendKey } from "./send-key.ts";
import { startResending } from "./start-resending.ts";

/** How long the home of an account is held (ms); it never changes, but an account may be added. */
const HOME_HELD_MS = 60_000;

interface Opening {
  readonly site: Site;
  readonly config: Config;
  readonly client: Awaited<ReturnType<typeof openValkey>>;
  readonly keys: Pick<RoomKeyStore, "get">;
}

/** Handing out keys, with what is heard and done about it afterwards. */
export interface KeyDelivering {
  readonly sendKey: SendKey;
  /** Begins to hear acknowledgements and to send again what none came for. Resolves once the broker routes them here. */
  start(stack: AsyncDisposableStack): Promise<void>;
}

type FollowUp = Pick<KeyAckStore, "expect" | "forget"> & Pick<KeyResendStore, "schedule">;

/** What an event's own steps do: a store that does not answer ends the attempt. */
function watchedFollowUp(acks: KeyAckStore, resends: KeyResendStore, { recorder }: Site): FollowUp {
  const watched = watchStore(recorder);
  return {
    expect: watched("expect_acks", (...of) => acks.expect(...of)),
    forget: watched("forget_acks", (...of) => acks.forget(...of)),
    schedule: watched("schedule_resend", (...of) => resends.schedule(...of)),
  };
}

/** Replicas share what clients acknowledge. */
async function hearAcks(stack: AsyncDisposableStack, site: Site, acks: KeyAckStore): Promise<void> {
  const { broker, siteId, recorder, log } = site;
  const directory = createDirectoryCache(mongoDirectoryStore(site.database), { ttlMs: HOME_HELD_MS });
  const book = stack.use(createKeyAckBook({ acks, directory, recorder, log }));
  const hearing = broker.connection.subscribe(clientSubjects.keyAck.filter({ siteId }), {
    queue: "room-worker",
    callback: (error, { subject, data }) => {
      if (error) log.error("subscription_failed", { operation: "key.ack" }, error);
      else book.take(subject, data);
    },
  });
  stack.defer(() => hearing.drain());
  await broker.flush();
}

export function openKeyDelivery({ site, config, client, keys }: Opening): KeyDelivering {
  const { siteId, broker, database, recorder, clock } = site;
  const now = (): number => clock.now();
  const acks = valkeyKeyAckStore(client);
  const resends = valkeyKeyResendStore(client, siteId);
  const followUp = watchedFollowUp(acks, resends, site);
  const wrapper = createWrapper({ suite: nodeSuite, now: () => performance.now() });
  const shared = {
    deliver: createDeliverKey({ broker, recorder, concurrency: config.keyFanoutConcurrency, wrapper }),
    delivery: config.keyDelivery,
    devices: mongoDeviceStore(database),
    now,
  };
  return {
    sendKey: createSendKey({ ...shared, acks: followUp, resends: followUp }),
    start: async (stack) => {
      await hearAcks(stack, site, acks);
      const resendKey = createResendKey({
        ...shared,
        siteId,
        keys,
        acks,
        rooms: mongoRoomDocumentStore(database),
        subscriptions: mongoSubscriptionStore(database),
        recorder,
      });
      stack.use(startResending({ ...site, resends, resendKey, now }));
    },
  };
}
