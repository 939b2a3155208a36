import { roomSubjects } from "@parley/contract/notices";
import { newMessageId } from "@parley/contract/ids";
import type { Broker } from "@parley/messaging/connect-nats";
import { publishNotice } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { NONCE_BYTES } from "@parley/room-crypto/crypto-suite";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createSealer, type Sealer } from "@parley/room-crypto/sealer";

import type { Figure } from "./figure.ts";
import { medianRate } from "./measure.ts";
import { YARD } from "./yardstick.ts";

const ROUNDS = 5;
const MESSAGES_PER_ROUND = 5_000;
/** A fresh pair for each message costs ten times as much. */
const FRESH_MESSAGES_PER_ROUND = 1_000;
const AES_KEY_BYTES = 32;
const ROOM_ID = "sealing0000000000";
const PLAINTEXT = new TextEncoder().encode(
  JSON.stringify({
    sender: { account: "ann", name: "Ann Archer", kind: "person" },
    content: "x".repeat(225),
  }),
);
/** Sealed is what comes with its id: making one is the sender's work. */
const MESSAGE_ID = newMessageId();
/** Beside the cipher alone, on one core. */
const SEALED_BAR = { of: "ratio", is: "at least", limit: 0.4 } as const;

/** A body sealed under the room's key, as broadcast-worker seals it. */
function createSeal(sealer: Sealer): () => { id: string; at: number; sealed: ReturnType<Sealer["seal"]> } {
  const { publicKey } = nodeSuite.generatePair();
  return () => {
    const about = { type: "message_created", roomId: ROOM_ID, id: MESSAGE_ID, at: Date.now() };
    const sealed = sealer.seal({ ...about, version: 0, publicKey, plaintext: PLAINTEXT });
    return { id: about.id, at: about.at, sealed };
  };
}

const sealers = () => ({
  kept: createSeal(createSealer({ suite: nodeSuite, now: () => performance.now() })),
  fresh: createSeal(
    createSealer({ suite: nodeSuite, now: () => performance.now(), ephemeralMessagesMax: 1 }),
  ),
});

const repeat = (count: number, work: () => unknown): Promise<number> =>
  medianRate({ rounds: ROUNDS, count }, async () => {
    for (let done = 0; done < count; done += 1) work();
  });

/** Seals and publishes; a round ends when the broker has taken everything. */
function publishing(broker: Broker, count: number, seal: ReturnType<typeof createSeal>): Promise<number> {
  const subject = roomSubjects.event.of({ siteId: YARD, roomId: ROOM_ID });
  return medianRate({ rounds: ROUNDS, count }, async () => {
    for (let sent = 0; sent < count; sent += 1) {
      const { id, at, sealed } = seal();
      const body = { type: "message_created", roomId: ROOM_ID, siteId: YARD, id, at, sealed };
      publishNotice(broker, { subject, body, trace: traceOf(undefined, id) });
    }
    await broker.connection.flush();
  });
}

/** What sealing costs: the cipher alone, with the kept ephemeral pair, with a fresh pair for every message. */
export async function measureSealing(broker: Broker): Promise<readonly Figure[]> {
  const key = nodeSuite.randomBytes(AES_KEY_BYTES);
  const additionalData = nodeSuite.randomBytes(AES_KEY_BYTES);
  const cipher = await repeat(MESSAGES_PER_ROUND, () =>
    nodeSuite.sealAesGcm({ key, nonce: nodeSuite.randomBytes(NONCE_BYTES), additionalData, data: PLAINTEXT }),
  );
  const { kept, fresh } = sealers();
  const keptRate = await repeat(MESSAGES_PER_ROUND, kept);
  const freshRate = await repeat(FRESH_MESSAGES_PER_ROUND, fresh);
  const keptPublished = await publishing(broker, MESSAGES_PER_ROUND, kept);
  const freshPublished = await publishing(broker, FRESH_MESSAGES_PER_ROUND, fresh);
  const alone = { name: "AES-256-GCM alone", value: cipher };
  const freshly = { name: "with a fresh ephemeral each", value: freshPublished };
  return [
    { name: "messages sealed in one process", value: keptRate, unit: "/s", baseline: alone, bar: SEALED_BAR },
    { name: "messages sealed, a fresh ephemeral each", value: freshRate, unit: "/s", baseline: alone },
    {
      name: "messages sealed and published in one process",
      value: keptPublished,
      unit: "/s",
      baseline: alone,
    },
    {
      name: "messages sealed and published in one process",
      value: keptPublished,
      unit: "/s",
      baseline: freshly,
    },
  ];
}
