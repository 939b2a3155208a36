import type { RecordsSeen } from "./rewrap-records.ts";

const records = (count: number): string => (count === 1 ? "1 record" : `${count} records`);

/** What was found, a line each: key-encryption keys by id, then records that do not open, by slot, version and room. */
export function describeRecords(seen: RecordsSeen, sealingKeyId: string): readonly string[] {
  const { byKeyId, unreadable, named } = seen;
  const keyIds = [sealingKeyId, ...[...byKeyId.keys()].filter((keyId) => keyId !== sealingKeyId).toSorted()];
  return [
    ...keyIds.map(
      (keyId) =>
        `${records(byKeyId.get(keyId) ?? 0)} under ${keyId}${keyId === sealingKeyId ? ", which seals" : ""}`,
    ),
    `${records(unreadable)} not readable`,
    ...named.map(({ slot, error }) => `! ${slot} ${error.message}`),
    ...(unreadable > named.length ? [`! and ${unreadable - named.length} more`] : []),
  ];
}
