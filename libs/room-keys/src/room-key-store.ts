import type { RoomKeyPair } from "@parley/room-crypto/key-pair";
import type { KeyRecordError } from "@parley/room-crypto/key-record";
import type { RoomKey } from "@parley/room-crypto/room-key";

/** What `prepare` found or made. */
export type PrepareOutcome =
  | { readonly status: "pair"; readonly pair: RoomKeyPair }
  /** A later version is pending or current: this one is no longer to be handed out. */
  | { readonly status: "version_passed" };

/**
 * `noop`: the version or a later one is current already. `not_prepared`: nothing is pending under this version, which
 * passes once `prepare` has run.
 */
export type ActivateOutcome = "activated" | "noop" | "not_prepared";

/** `noop`: this version or a later one is current, or the site has closed the room at this revision or a later one. */
export type SetOutcome = "set" | "noop";

/** What a read of many rooms found for one of them. */
export type RoomEntry<T> =
  | { readonly status: "found"; readonly value: T }
  /** Its record is bad; the other rooms are not affected. */
  | { readonly status: "bad"; readonly error: KeyRecordError };

/** By room id; a room without a key is left out. */
export type RoomEntries<T> = ReadonlyMap<string, RoomEntry<T>>;

/**
 * The room keys of one site (SPEC-rooms 6.1). A room has a current key, for a grace period its previous one, and
 * between the two steps of a rotation a pending one. Each operation is atomic and safe to repeat.
 *
 * Every operation throws {@link KeyRecordError} for a stored record that is bad, and another Error when the store
 * fails; both name room and version, never bytes.
 */
export interface RoomKeyStore {
  /**
   * The pair of this version: the one that is pending, current or previous, else `fresh`, which is pending from then
   * on. So every redelivery hands out the same bytes.
   * @throws {RangeError} when the halves of `fresh` do not belong together
   */
  prepare(roomId: string, version: number, fresh: RoomKeyPair): Promise<PrepareOutcome>;
  /** Makes the pending version current and the current one previous, which starts its grace period. */
  activate(roomId: string, version: number): Promise<ActivateOutcome>;
  /**
   * For replicas: holds the home site's pair at exactly its version. `revision` is that of the event or snapshot that
   * named the version: after {@link RoomKeyStore.delete} only a later one counts.
   * @throws {RangeError} when the halves of the pair do not belong together
   */
  setWithVersion(replica: ReplicaKey): Promise<SetOutcome>;
  /** The current key. */
  get(roomId: string): Promise<RoomKey | null>;
  /** The current version. */
  getVersion(roomId: string): Promise<number | null>;
  /** The key of this version if it is current or, within its grace period, previous; never a pending one. */
  getByVersion(roomId: string, version: number): Promise<RoomKey | null>;
  /**
   * For replicas: forgets the room's keys and refuses copies of events up to `revision` from then on. A copy made for a
   * later event stays, and nothing happens when the room was closed at this revision or a later one: what is held by
   * then came with a site that rejoined. Revision 0 is that of no event: all keys are forgotten and nothing is closed.
   */
  delete(roomId: string, revision: number): Promise<void>;
  /** The current keys of many rooms in one round trip. */
  getMany(roomIds: readonly string[]): Promise<RoomEntries<RoomKey>>;
  /** The current versions of many rooms in one round trip; opens no record. */
  getVersions(roomIds: readonly string[]): Promise<RoomEntries<number>>;
}

/** A key of another site's room as the event at `revision` gave it. */
export interface ReplicaKey {
  readonly roomId: string;
  readonly version: number;
  readonly pair: RoomKeyPair;
  readonly revision: number;
}
