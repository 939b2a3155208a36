import type { StackFolder } from "./stack-folder.ts";

/** What `up` asks a keeper for, as its one argument in JSON. */
export interface KeeperOrder {
  readonly folder: StackFolder;
  readonly sites: number;
  readonly directory?: string | undefined;
  /** Starts no processes. */
  readonly serversOnly: boolean;
}

/** What a keeper tells `up` while it starts a stack; the last is `ready` or `failed`. */
export type KeeperMessage =
  | { readonly type: "progress"; readonly line: string }
  | { readonly type: "ready"; readonly summary: readonly string[] }
  | { readonly type: "failed"; readonly problem: string };
