import { createHash } from "node:crypto";

import type { ValkeyClient } from "./connect-valkey.ts";
import { isScriptMissing, valkeyError } from "./valkey-error.ts";

/** What a script touches and what it is told. */
export interface ScriptCall {
  /** Every key the script uses, all of one cluster slot. */
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** One atomic script. */
export type ValkeyScript = (call: ScriptCall) => Promise<unknown>;

/**
 * A Lua script that is sent by its hash, and in full only to a server that does not hold it yet. After a broken
 * connection a call may run twice: a script must be safe to repeat.
 */
export function defineScript(client: ValkeyClient, lua: string): ValkeyScript {
  const hash = createHash("sha1").update(lua).digest("hex");
  return async ({ keys, args }) => {
    const sent = [keys.length, ...keys, ...args] as const;
    return client
      .evalsha(hash, ...sent)
      .catch((error: unknown) =>
        isScriptMissing(valkeyError(error)) ? client.eval(lua, ...sent) : Promise.reject(error),
      )
      .catch((error: unknown) => {
        throw valkeyError(error);
      });
  };
}
