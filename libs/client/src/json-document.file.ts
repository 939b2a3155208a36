import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** A JSON object in a file that only its owner can read (0600). */
export interface JsonDocument {
  /** The entries of the file; none when it does not exist yet. */
  load(): Promise<Record<string, unknown>>;
  /** Writes the newest of what `entries` returns; calls while a write runs share the next one. */
  save(entries: () => Record<string, unknown>): Promise<void>;
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

async function load(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return {};
    throw error;
  }
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) throw new Error(`${path} holds no JSON object`);
  return parsed as Record<string, unknown>;
}

/** Beside the file first, then renamed: a crash leaves the old file or the new one, never half of either. */
async function replace(path: string, entries: Record<string, unknown>): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.new`;
  const file = await open(fresh, "w", 0o600);
  try {
    await file.writeFile(JSON.stringify(entries));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

/** One process writes a document; a second one on the same path would overwrite its entries. */
export function jsonDocument(path: string): JsonDocument {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return {
    load: () => load(path),
    save(entries) {
      next ??= (async () => {
        const before = running;
        await before.catch(() => "its own callers were told");
        next = undefined;
        running = replace(path, entries());
        await running;
      })();
      return next;
    },
  };
}
