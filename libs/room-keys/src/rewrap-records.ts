import { KeyRecordError, keyIdOf } from "@parley/room-crypto/key-record";

import type { ListedOf, RecordStore } from "./key-record-store.ts";
import type { Reseal, SiteSealing } from "./reseal.ts";

/** How many records that do not open are named; all are counted. */
const NAMED_MAX = 500;
/** Looks at everything before it is said that somebody goes on sealing under another key. */
const LOOKS_MAX = 5;

/** A record that does not open, and why. */
interface UnreadableRecord {
  readonly slot: string;
  readonly error: KeyRecordError;
}

/** What one look at every record found, and left behind. */
export interface RecordsSeen {
  /** How many records rest under each key-encryption key, by its id. */
  readonly byKeyId: ReadonlyMap<string, number>;
  readonly unreadable: number;
  /** The first 500 of them. */
  readonly named: readonly UnreadableRecord[];
  /** How many were sealed anew on the way. */
  readonly rewrapped: number;
}

interface Of<Slot extends string, Placed> extends SiteSealing {
  readonly records: RecordStore<Slot, Placed>;
  readonly reseal: Reseal<Placed>;
  /** Told after every batch. */
  readonly onBatch?: ((soFar: { readonly looked: number; readonly rewrapped: number }) => void) | undefined;
}

/** As it lies in its store. */
interface Sealed {
  readonly record: string;
}

/** What became of one record; `gone` is counted nowhere. */
type Outcome =
  | { readonly status: "readable"; readonly keyId: string; readonly rewrapped: boolean }
  | ({ readonly status: "unreadable" } & UnreadableRecord)
  | { readonly status: "gone" };

/** Opens every record, changes none. A record may be counted twice while the store grows or shrinks. */
export const countRecords = <Slot extends string, Placed extends Sealed>(
  of: Of<Slot, Placed>,
): Promise<RecordsSeen> =>
  lookAtAll(of, async ({ placed }) => ({
    status: "readable",
    keyId: keyIdOf(placed.record) ?? "",
    rewrapped: false,
  }));

/**
 * Seals every record that does not rest under the first key-encryption key anew under it, while others work with the
 * store: a record that changed meanwhile is left as they made it. Looks at everything again until a look finds nothing to
 * do, since a rotation moves records past the eye; `settled` is false when even the fifth did, which is what a process
 * does that seals under another key. What does not open is left alone. Safe to interrupt and to repeat.
 */
export async function rewrapRecords<Slot extends string, Placed extends Sealed>(
  of: Of<Slot, Placed>,
): Promise<{ readonly settled: boolean; readonly rewrapped: number; readonly seen: RecordsSeen }> {
  let rewrapped = 0;
  for (let looks = 1; ; looks += 1) {
    const before = rewrapped;
    const onBatch: typeof of.onBatch = (soFar) =>
      of.onBatch?.({ ...soFar, rewrapped: before + soFar.rewrapped });
    const seen = await lookAtAll({ ...of, onBatch }, (opened) => rewrapRecord(of, opened));
    rewrapped += seen.rewrapped;
    const settled = seen.rewrapped === 0;
    if (settled || looks === LOOKS_MAX) return { settled, rewrapped, seen };
  }
}

async function rewrapRecord<Slot extends string, Placed extends Sealed>(
  { records, sealing }: Of<Slot, Placed>,
  { placed, seal }: OpenedRecord<Placed>,
): Promise<Outcome> {
  const keyId = sealing.keys.sealingKeyId;
  if (keyIdOf(placed.record) === keyId) return { status: "readable", keyId, rewrapped: false };
  const outcome = await records.replace(placed, seal());
  return outcome === "gone" ? { status: "gone" } : { status: "readable", keyId, rewrapped: true };
}

interface OpenedRecord<Placed> {
  readonly placed: Placed;
  /** Seals what it opened to anew. */
  readonly seal: () => string;
}

type Treat<Placed> = (opened: OpenedRecord<Placed>) => Promise<Outcome>;

async function outcomeOf<Slot extends string, Placed extends Sealed>(
  listed: ListedOf<Slot, Placed>,
  { of, treat }: { of: Of<Slot, Placed>; treat: Treat<Placed> },
): Promise<Outcome> {
  const { slot } = listed;
  if (listed.status === "bad") return { status: "unreadable", slot, error: listed.error };
  try {
    return await treat({ placed: listed, seal: of.reseal(of, listed) });
  } catch (error) {
    if (error instanceof KeyRecordError) return { status: "unreadable", slot, error };
    throw error;
  }
}

async function lookAtAll<Slot extends string, Placed extends Sealed>(
  of: Of<Slot, Placed>,
  treat: Treat<Placed>,
): Promise<RecordsSeen> {
  const byKeyId = new Map<string, number>();
  const named: UnreadableRecord[] = [];
  let [looked, unreadable, rewrapped] = [0, 0, 0];
  const count = (outcome: Outcome): void => {
    if (outcome.status === "readable") {
      byKeyId.set(outcome.keyId, (byKeyId.get(outcome.keyId) ?? 0) + 1);
      if (outcome.rewrapped) rewrapped += 1;
    } else if (outcome.status === "unreadable") {
      unreadable += 1;
      if (named.length < NAMED_MAX) named.push({ slot: outcome.slot, error: outcome.error });
    }
  };
  for await (const batch of of.records.list()) {
    const outcomes = await Promise.all(batch.map((listed) => outcomeOf(listed, { of, treat })));
    outcomes.forEach(count);
    looked += batch.length;
    of.onBatch?.({ looked, rewrapped });
  }
  return { byKeyId, unreadable, named, rewrapped };
}
