import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createWrapper, type Wrapper } from "@parley/room-crypto/wrapper";

import type { Figure } from "./figure.ts";
import { median } from "./measure.ts";

const ROUNDS = 5;
const DEVICES = 1_000;
/** What a rotation in a room of so many devices may cost one core (s). */
const PROCESSOR_SECONDS_MAX = 0.25;

interface Device {
  readonly deviceId: string;
  readonly devicePublicKey: Uint8Array;
}

/** Processor time of `work`, of all threads of this process (s). */
function processorSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000_000;
}

/** The median of some rounds, after one that only warms up. */
function medianSeconds(round: () => number): number {
  round();
  return median(Array.from({ length: ROUNDS }, round));
}

const devices = (): readonly Device[] =>
  Array.from({ length: DEVICES }, (_, number) => ({
    deviceId: `device-${number}`,
    devicePublicKey: nodeSuite.generatePair().publicKey,
  }));

/** Wraps one version of a room's key for every device. */
function fanOut(wrapper: Wrapper, to: readonly Device[], version: number): void {
  const { privateKey: roomPrivateKey } = nodeSuite.generatePair();
  const about = { roomId: "wrapping000000000", version, rosterDigest: "0".repeat(64), roomPrivateKey };
  for (const device of to) wrapper.wrapForDevice({ ...about, ...device });
}

const freshWrapper = (): Wrapper => createWrapper({ suite: nodeSuite, now: () => performance.now() });

/** What a room key costs for a thousand devices: met for the first time, met before, and the curve alone. */
export function measureWraps(): readonly Figure[] {
  const all = devices();
  const { privateKey } = nodeSuite.generatePair();
  const curve = medianSeconds(() =>
    processorSeconds(() => {
      for (const { devicePublicKey: publicKey } of all) nodeSuite.sharedSecret({ privateKey, publicKey });
    }),
  );
  const unmet = medianSeconds(() => {
    const wrapper = freshWrapper();
    return processorSeconds(() => fanOut(wrapper, all, 1));
  });
  const wrapper = freshWrapper();
  fanOut(wrapper, all, 1);
  const met = medianSeconds(() => processorSeconds(() => fanOut(wrapper, all, 2)));
  const baseline = { name: `${DEVICES} ECDH alone`, value: curve };
  const bar = { of: "value", is: "at most", limit: PROCESSOR_SECONDS_MAX } as const;
  return [
    {
      name: `room key wrapped for ${DEVICES} new devices, processor time`,
      value: unmet,
      unit: "s",
      baseline,
      bar,
    },
    {
      name: `room key wrapped for ${DEVICES} known devices, processor time`,
      value: met,
      unit: "s",
      baseline,
      bar,
    },
  ];
}
