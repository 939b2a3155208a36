/** What an operator asks of the keys at rest. */
export type KeysMode = "status" | "rewrap";

/** Reads the words behind the command's name; `undefined` when they are none of its forms. */
export function parseKeysArguments(words: readonly string[]): KeysMode | undefined {
  const [mode, ...rest] = words;
  return rest.length === 0 && (mode === "status" || mode === "rewrap") ? mode : undefined;
}
