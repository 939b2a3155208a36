import { join } from "node:path";

import { inCheckout } from "./checkout.ts";

/** Where `make up` keeps what it needs to find and end its stack again. */
export interface StackFolder {
  /** For clients: addresses and logins. Exists while a stack is up. */
  readonly stackFile: string;
  /** Data, configuration and logs of the sites, from one `make up` to the next. */
  readonly dir: string;
  /** Every process that was started. */
  readonly ledgerFile: string;
  readonly keeperLog: string;
}

export function stackFolder(root = inCheckout(".local")): StackFolder {
  const dir = join(root, "stack");
  return {
    stackFile: join(root, "stack.json"),
    dir,
    ledgerFile: join(dir, "started.jsonl"),
    keeperLog: join(dir, "keeper.log"),
  };
}
