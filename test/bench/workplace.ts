import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { inCheckout } from "@parley/local-stack/checkout";

/** Servers that are ending may still write while their folder is removed. */
const REMOVAL = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 } as const;
/** How long servers may take to end after an interruption before the folder is removed all the same (ms). */
const ENDING_MS = 10_000;

/** Where a run of the bench keeps its files, and what it has running. */
export interface Workplace {
  /** Holds everything the run writes, besides its reports. */
  readonly dir: string;
  /** Aborted when the run is given up. */
  readonly signal: AbortSignal;
  /** Ends it with the run, however that ends; whoever opened it may end it before. */
  use<T extends AsyncDisposable>(opened: T): T;
  /** Ends what is running, removes the files; nothing to do a second time. */
  leave(): Promise<void>;
}

export function openWorkplace(): Workplace {
  const root = inCheckout(".local/bench");
  mkdirSync(root, { recursive: true });
  const dir = mkdtempSync(join(root, "run-"));
  const scope = new AsyncDisposableStack();
  const giveUp = new AbortController();
  // The last resort: whatever ends this process, its files go, and its servers end with their parent.
  process.once("exit", () => rmSync(dir, REMOVAL));
  return {
    dir,
    signal: giveUp.signal,
    use: (opened) => scope.use(opened),
    async leave() {
      giveUp.abort();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, ENDING_MS);
      await Promise.race([scope.disposeAsync(), late.promise]);
      clearTimeout(timer);
      rmSync(dir, REMOVAL);
    },
  };
}
