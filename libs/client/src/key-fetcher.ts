import { createBoundedCache } from "@parley/room-crypto/bounded-cache";

import type { Background } from "./background.ts";
import type { RoomReference, UnopenedReason } from "./client-events.ts";
import type { Clock } from "./clock.ts";
import {
  afterFailedFetch,
  afterFetch,
  type FetchState,
  freshFetch,
  isWorthRefetch,
} from "./key-fetch-policy.ts";
import { keyName } from "./key-store.ts";
import { ParleyError } from "./parley-error.ts";

/** Versions whose pauses are remembered. */
const STATES_MAX = 10_000;

/** One version of a room's key. */
export interface WantedKey {
  readonly room: RoomReference;
  readonly version: number;
}

/** Asks for missing keys: one `key.get` in flight per room and version, paused as SPEC-rooms 6.5 says. */
export interface KeyFetcher {
  /**
   * Asks until the key is there or nothing waits for it any more.
   * @returns why the key is not there, when asking pauses because of an earlier answer
   */
  want(key: WantedKey): UnopenedReason | undefined;
  /** Whether a body that the held key does not open is worth one fresh `key.get`. */
  isWorthRefetch(key: WantedKey): boolean;
}

interface KeyFetcherDeps {
  readonly clock: Clock;
  readonly background: Background;
  /** One `key.get` by rule P. */
  readonly ask: (key: WantedKey) => Promise<Uint8Array>;
  /** Takes the fetched bytes over; messages under it are opened then. */
  readonly onFetched: (key: WantedKey, privateKey: Uint8Array) => Promise<void>;
  /** Told after each failed attempt; false ends the asking. */
  readonly onFailed: (key: WantedKey, reason: UnopenedReason) => boolean;
  /** Whether something still waits for the key. */
  readonly isWanted: (key: WantedKey) => boolean;
}

const nameOf = ({ room, version }: WantedKey): string => keyName({ roomId: room.roomId, version });

export function createKeyFetcher(deps: KeyFetcherDeps): KeyFetcher {
  const { clock, background } = deps;
  const states = createBoundedCache<FetchState>(STATES_MAX);
  const asking = new Set<string>();
  const stateOf = (key: WantedKey): FetchState => states.get(nameOf(key)) ?? freshFetch;

  /** True when the key came or the asking ended. */
  const attempt = async (key: WantedKey): Promise<boolean> => {
    try {
      const privateKey = await deps.ask(key);
      states.set(nameOf(key), afterFetch(clock.now()));
      await deps.onFetched(key, privateKey);
      return true;
    } catch (error) {
      if (background.signal.aborted) throw error;
      if (!(error instanceof ParleyError)) background.report(`fetching key ${nameOf(key)}`, error);
      const state = afterFailedFetch(stateOf(key), error, clock.now());
      states.set(nameOf(key), state);
      return !deps.onFailed(key, state.reason);
    }
  };

  const fetchUntilThere = async (key: WantedKey): Promise<void> => {
    let ended = false;
    while (!ended) {
      const pauseMs = stateOf(key).notBefore - clock.now();
      if (pauseMs > 0) {
        await clock.sleep(pauseMs, background.signal);
        if (!deps.isWanted(key)) return;
      }
      ended = await attempt(key);
    }
  };

  return {
    want(key) {
      const name = nameOf(key);
      const { notBefore, reason } = stateOf(key);
      const known = notBefore > clock.now() ? reason : undefined;
      if (asking.has(name)) return known;
      asking.add(name);
      background.start(`fetching key ${name}`, () => fetchUntilThere(key).finally(() => asking.delete(name)));
      return known;
    },
    isWorthRefetch: (key) => isWorthRefetch(states.get(nameOf(key)), clock.now()),
  };
}
