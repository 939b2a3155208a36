import type { Log, Recorder } from "@parley/contract/observe";
import type { KeyPrintStore } from "@parley/mongo/key-print-store";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";
import type { RoomKeyPair } from "@parley/room-crypto/key-pair";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

import type { KeyCall } from "./plan.ts";

/** What step 2 leaves in hand for the steps after it. */
export interface KeyInHand {
  readonly version: number;
  readonly pair: RoomKeyPair;
  /** Whether recipients may get this very pair: it is of the version that the event names. */
  readonly deliver: boolean;
}

interface Deps {
  readonly keys: Pick<RoomKeyStore, "prepare" | "get" | "getByVersion">;
  readonly prints: KeyPrintStore;
  readonly suite: CryptoSuite;
  /** Has room-service rotate a version that was lost, or that is not the printed one. */
  readonly ensureKey: (of: { roomId: string; version: number; rotate: boolean }) => Promise<void>;
  readonly recorder: Recorder;
  readonly log: Log;
}

type Found = KeyInHand | "passed" | "absent";

/** A store ahead of the event: its current pair seals the notice, but nobody is handed a version the event is not of. */
async function currentPair(deps: Deps, roomId: string, atLeast: number): Promise<Found> {
  const key = await deps.keys.get(roomId);
  if (!key || key.version < atLeast) return "absent";
  return { version: key.version, pair: key.pair, deliver: false };
}

async function callStore(deps: Deps, roomId: string, key: KeyCall): Promise<Found> {
  switch (key.call) {
    case "none":
      return "passed";
    case "prepare": {
      const prepared = await deps.keys.prepare(roomId, key.version, deps.suite.generatePair());
      if (prepared.status === "pair") return { version: key.version, pair: prepared.pair, deliver: true };
      return currentPair(deps, roomId, key.version);
    }
    case "version": {
      const held = await deps.keys.getByVersion(roomId, key.version);
      return held
        ? { version: held.version, pair: held.pair, deliver: true }
        : currentPair(deps, roomId, key.version);
    }
    case "current":
      return currentPair(deps, roomId, key.version);
  }
}

/**
 * Step 2 of SPEC-rooms 4.2: the pair of this event and its print, so that no version ever goes out with two keys.
 * `undefined`: there is nothing to hand out or to seal with; membership goes on, and a lost key is rotated.
 */
export async function takeKey(deps: Deps, roomId: string, key: KeyCall): Promise<KeyInHand | undefined> {
  const found = await callStore(deps, roomId, key);
  if (found === "passed") return undefined;
  if (found === "absent") {
    const version = key.call === "none" ? 0 : key.version;
    deps.recorder.count("room_key_absent_total");
    deps.log.warn("room_key_absent", { roomId, version });
    await deps.ensureKey({ roomId, version, rotate: false });
    return undefined;
  }
  const printed = await deps.prints.insertIfAbsent({
    roomId,
    version: found.version,
    print: found.pair.print,
  });
  if (printed === found.pair.print) return found;
  deps.recorder.count("room_key_print_mismatch_total");
  deps.log.error("room_key_print_mismatch", { roomId, version: found.version });
  await deps.ensureKey({ roomId, version: found.version, rotate: true });
  return undefined;
}
