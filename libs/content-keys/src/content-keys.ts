import { Failure } from "@parley/contract/failure";
import type { SealedContent } from "@parley/contract/messages";
import { openContent, sealContent } from "@parley/room-crypto/content-cipher";
import type { ContentKey } from "@parley/room-crypto/content-key";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";

import type { ContentKeyStore, HeldContentKey } from "./content-key-store.ts";
import { createHeldKeys } from "./held-keys.ts";

/**
 * A timer looks at intervals of this length (ms), so a key is gone after twice as long: within the 60 s of SPEC-agents
 * 1.4 with the time its reading took.
 */
const HELD_MS = 25_000;
/** Rooms whose keys a process holds opened; 10 000 take about 5 MB. */
const HELD_MAX = 10_000;

/** Which text: a field of an entity of a room, such as the `body` of a message. */
export interface ContentOf {
  readonly roomId: string;
  readonly entityId: string;
  readonly field: string;
}

/**
 * Seals what people and agents write before it is stored, and opens it again (SPEC-agents 1.4).
 *
 * @throws Failure `store_unavailable` while the database cannot be asked for a key
 * @throws {KeyRecordError} when the room's stored key does not open
 */
export interface ContentKeys {
  /**
   * Under the room's content key, which is made at its first use and stored before anything is sealed under it.
   * @throws Failure `room_closed` when the room was erased
   */
  seal(of: ContentOf, plaintext: Uint8Array): Promise<SealedContent>;
  /**
   * `lost`: its key is gone for good, erased with the room or lost by the stores.
   * @throws {OpenError} `corrupt` when it was changed or is of another room, entity or field
   */
  open(of: ContentOf, sealed: SealedContent): Promise<Uint8Array | "lost">;
}

interface Deps {
  readonly store: Pick<ContentKeyStore, "ensure" | "named">;
  readonly suite: CryptoSuite;
}

/** Loads each name once at a time and holds what came for a while. */
function holding<V>(load: (name: string) => Promise<V>): (name: string) => Promise<V> {
  const held = createHeldKeys<V>({ entriesMax: HELD_MAX, heldMs: HELD_MS });
  const loading = new Map<string, Promise<V>>();
  const loadOnce = async (name: string): Promise<V> => {
    try {
      const value = await load(name);
      held.set(name, value);
      return value;
    } finally {
      loading.delete(name);
    }
  };
  return async (name) => {
    const known = held.get(name);
    if (known !== undefined) return known;
    const running = loading.get(name) ?? loadOnce(name);
    loading.set(name, running);
    return running;
  };
}

/** Neither a room id nor a key id has a line feed. */
const SEPARATOR = "\n";

export function createContentKeys({ store, suite }: Deps): ContentKeys {
  const sealingKey = holding<HeldContentKey>((roomId) => store.ensure(roomId));
  const namedKey = holding<ContentKey | "lost">(async (name) => {
    const [roomId = "", kid = ""] = name.split(SEPARATOR);
    const found = await store.named({ roomId, kid });
    if (found === "lost" || found.status === "erased") return "lost";
    return found.key;
  });
  return {
    async seal({ roomId, entityId, field }, plaintext) {
      const held = await sealingKey(roomId);
      if (held.status === "erased") throw new Failure("room_closed", { detail: "the room was erased" });
      return sealContent(suite, held.key, { entityId, field, plaintext });
    },
    async open({ roomId, entityId, field }, sealed) {
      const key = await namedKey(`${roomId}${SEPARATOR}${sealed.kid}`);
      return key === "lost" ? "lost" : openContent(suite, key, { entityId, field, sealed });
    },
  };
}
