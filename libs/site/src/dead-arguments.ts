/** What an operator asks of DEAD. */
export type DeadArguments =
  | { readonly mode: "list"; readonly after: number }
  | { readonly mode: "resend"; readonly sequence: number };

/** A sequence of a stream; none has more digits that a number still holds exactly. */
const sequenceIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** Reads the words behind the command's name; `undefined` when they are none of its forms. */
export function parseDeadArguments(words: readonly string[]): DeadArguments | undefined {
  const [mode, first, second, ...rest] = words;
  if (rest.length > 0) return undefined;
  if (mode === "list" && first === undefined) return { mode, after: 0 };
  if (mode === "list" && first === "--after") {
    const after = sequenceIn(second);
    return after === undefined ? undefined : { mode, after };
  }
  if (mode !== "resend" || second !== undefined) return undefined;
  const sequence = sequenceIn(first);
  return sequence === undefined || sequence === 0 ? undefined : { mode, sequence };
}
