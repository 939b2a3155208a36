import type { ForRoster, UnopenedReason } from "@parley/contract/devices";
import { createBoundedCache } from "@parley/room-crypto/bounded-cache";

import type { Background } from "./background.ts";
import type { RoomReference } from "./client-events.ts";
import type { Clock } from "./clock.ts";
import {
  afterFailedFetch,
  afterFetch,
  afterInvalid,
  type FetchState,
  freshFetch,
  isWorthRefetch,
} from "./key-fetch-policy.ts";
import { keyName } from "./key-store.ts";
import { ParleyError } from "./parley-error.ts";
import { UnusableKey } from "./unusable-key.ts";

/** Versions whose pauses are remembered. */
const STATES_MAX = 10_000;

/** One version of a room's key. */
export interface WantedKey {
  readonly room: RoomReference;
  readonly version: number;
}

/** `missing`: it was never seen; `invalid`: the wrap that came does not open. */
export type AskedBecause = "missing" | "invalid";

/** A key that was asked for and came. */
export interface FetchedKey {
  readonly privateKey: Uint8Array;
  /** The roster it was handed out for. */
  readonly roster?: ForRoster;
}

/** Asks for missing keys: one request in flight per room and version, paused as SPEC-rooms 6.5 says. */
export interface KeyFetcher {
  /**
   * Asks until the key is there or nothing waits for it any more.
   * @returns why the key is not there, when asking pauses because of an earlier answer
   */
  want(key: WantedKey): UnopenedReason | undefined;
  /** The wrap that came does not open: asks for a fresh one, whether anything waits for the key or not. */
  renew(key: WantedKey): void;
  /** Whether a body that the held key does not open is worth one fresh `key.get`. */
  isWorthRefetch(key: WantedKey): boolean;
}

interface KeyFetcherDeps {
  readonly clock: Clock;
  readonly background: Background;
  readonly ask: (key: WantedKey, because: AskedBecause) => Promise<FetchedKey>;
  /** Takes the fetched key over; messages under it are opened then. */
  readonly onFetched: (key: WantedKey, fetched: FetchedKey) => Promise<void>;
  /** Told after each failed attempt; false ends the asking. */
  readonly onFailed: (key: WantedKey, reason: UnopenedReason) => boolean;
  /** Whether something still waits for the key. */
  readonly isWanted: (key: WantedKey) => boolean;
}

const nameOf = ({ room, version }: WantedKey): string => keyName({ roomId: room.roomId, version });

const isAnswer = (error: unknown): boolean => error instanceof ParleyError || error instanceof UnusableKey;

export function createKeyFetcher(deps: KeyFetcherDeps): KeyFetcher {
  const { clock, background } = deps;
  const states = createBoundedCache<FetchState>(STATES_MAX);
  const asking = new Set<string>();
  const stateOf = (key: WantedKey): FetchState => states.get(nameOf(key)) ?? freshFetch;

  const attempt = async (key: WantedKey): Promise<"came" | "ended" | "again"> => {
    try {
      const fetched = await deps.ask(key, stateOf(key).isInvalid === true ? "invalid" : "missing");
      states.set(nameOf(key), afterFetch(clock.now()));
      await deps.onFetched(key, fetched);
      return "came";
    } catch (error) {
      if (background.signal.aborted) throw error;
      if (!isAnswer(error)) background.report(`fetching key ${nameOf(key)}`, error);
      const state = afterFailedFetch(stateOf(key), error, clock.now());
      states.set(nameOf(key), state);
      return deps.onFailed(key, state.reason) ? "again" : "ended";
    }
  };

  /** True when the key came, false when the asking ended without it. */
  const fetchUntilThere = async (key: WantedKey): Promise<boolean> => {
    for (;;) {
      const pauseMs = stateOf(key).notBefore - clock.now();
      if (pauseMs > 0) {
        await clock.sleep(pauseMs, background.signal);
        if (!deps.isWanted(key)) return false;
      }
      const outcome = await attempt(key);
      if (outcome !== "again") return outcome === "came";
    }
  };

  const begin = (key: WantedKey): void => {
    const name = nameOf(key);
    if (asking.has(name)) return;
    asking.add(name);
    background.start(`fetching key ${name}`, async () => {
      const came = await fetchUntilThere(key).finally(() => asking.delete(name));
      // A message may have come to wait just when the asking ended; what the key that came does not open is not
      // asked for again here, or a forged event would have it asked for without end.
      if (!came && deps.isWanted(key)) begin(key);
    });
  };

  return {
    want(key) {
      const { notBefore, reason } = stateOf(key);
      begin(key);
      return notBefore > clock.now() ? reason : undefined;
    },
    renew(key) {
      states.set(nameOf(key), afterInvalid(stateOf(key)));
      begin(key);
    },
    isWorthRefetch: (key) => isWorthRefetch(states.get(nameOf(key)), clock.now()),
  };
}
