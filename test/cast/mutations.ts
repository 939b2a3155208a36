/** Numbers from 0 to below 1 that follow from the seed alone (mulberry32), so that a failure can be run again. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Json = Readonly<Record<string, unknown>>;

/** What a field is replaced by. */
const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  Number.MAX_SAFE_INTEGER,
  "",
  "\u0000",
  "../..",
  "x".repeat(10_000),
  [],
  {},
  { $gt: "" },
  "__proto__",
];

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The object with one field, somewhere in it, taken out, made strange or put twice as deep. */
function withOneChange(value: Json, next: () => number): Json {
  const fields = Object.keys(value);
  const field = fields[Math.floor(next() * fields.length)];
  if (field === undefined) return value;
  const { [field]: old, ...rest } = value;
  if (isObject(old) && next() < 0.6) return { ...rest, [field]: withOneChange(old, next) };
  const kind = next();
  if (kind < 0.2) return rest;
  if (kind < 0.3) return { ...rest, [field]: { [field]: old } };
  return { ...rest, [field]: STRANGE[Math.floor(next() * STRANGE.length)] };
}

/**
 * What an envelope may turn into on its way: cut off, overwritten in places, or with a field that is not what it was.
 * Every kind in its turn, so that few hundred cover them all.
 */
export function mutationsOf(
  envelope: Json,
  of: { readonly count: number; readonly seed: number },
): Uint8Array[] {
  const next = numbersFrom(of.seed);
  const whole = Buffer.from(JSON.stringify(envelope));
  const kinds: readonly (() => Uint8Array)[] = [
    () => Buffer.from(JSON.stringify(withOneChange(envelope, next))),
    () => whole.subarray(0, Math.floor(next() * whole.length)),
    () => whole.map((byte) => (next() < 0.02 ? Math.floor(next() * 256) : byte)),
    () => Uint8Array.from({ length: Math.floor(next() * 300) }, () => Math.floor(next() * 256)),
  ];
  return Array.from({ length: of.count }, (_, index) => (kinds[index % kinds.length] ?? (() => whole))());
}
