/** Writes one line for the person at the terminal; processes log elsewhere. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
