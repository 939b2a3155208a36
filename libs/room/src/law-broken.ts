/** The laws of a room's log (SPEC-rooms 4.1), by what a breach says about it. */
export type Law =
  /** The event belongs to another room or site. */
  | "room"
  /** Revisions are 1, 2, 3 … */
  | "revision"
  /** `prev` is the hash of the predecessor's stored bytes. */
  | "chain"
  /** No event is older than its predecessor. */
  | "time"
  /** `room_created` comes first and only there. */
  | "creation"
  /** `rosterHash` is the hash of the roster after the event. */
  | "roster_hash"
  /** Who is added was out, who is changed or removed was in; each once, and with the role the event says. */
  | "membership"
  /** An org is added when out and removed when in. */
  | "org"
  /** Every member is individual or in an org of the room, and only in orgs of the room. */
  | "presence"
  /** A channel that is not closed has an owner. */
  | "owner"
  /** An owner is individual. */
  | "owner_individual"
  /**
   * Somebody was removed, or joined where joining changes the key ⇔ the key changes; a key version rises by exactly one.
   */
  | "rekey"
  /** Nobody may start at a key version that does not exist yet. */
  | "key_from"
  /** A direct message has two individual members and no orgs, and only a disabled account leaves it. */
  | "direct"
  /** After `room_closed` members only leave. */
  | "closed"
  /** The final event for a site leaves none of its members in the room. */
  | "final";

interface Place {
  readonly roomId: string;
  readonly revision: number;
}

/** A stored event contradicts the room it continues: the room is quarantined. Names no account. */
export class LawBroken extends Error {
  override readonly name = "LawBroken";
  readonly law: Law;
  readonly roomId: string;
  readonly revision: number;

  constructor(law: Law, { roomId, revision }: Place) {
    super(`law ${law} broken in room ${roomId} at revision ${revision}`);
    this.law = law;
    this.roomId = roomId;
    this.revision = revision;
  }
}

/** Throws `LawBroken` unless `holds`. */
export function assertLaw(holds: boolean, law: Law, at: Place): asserts holds {
  if (!holds) throw new LawBroken(law, at);
}
