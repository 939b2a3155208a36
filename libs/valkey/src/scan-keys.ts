import { Cluster } from "iovalkey";

import type { ValkeyClient } from "./connect-valkey.ts";
import { failedTo } from "./valkey-error.ts";

interface KeysQuery {
  /** As `SCAN MATCH` takes it. */
  readonly pattern: string;
  /** How many keys a node looks at in one step, which bounds how long it serves nobody else. */
  readonly batchKeys: number;
}

/**
 * The names of all keys that match, in batches, of a cluster from every node. A key that is there from beginning to end
 * comes at least once, and may come twice; one that comes, goes or is renamed meanwhile may come or not.
 * @throws {Error} when the store fails: what was not seen is not passed over in silence
 */
export async function* scanKeys(
  client: ValkeyClient,
  { pattern, batchKeys }: KeysQuery,
): AsyncGenerator<readonly string[]> {
  const nodes = client instanceof Cluster ? client.nodes("master") : [client];
  for (const node of nodes) {
    let cursor = "0";
    do {
      const [next, names] = await node
        .scan(cursor, "MATCH", pattern, "COUNT", batchKeys)
        .catch(failedTo("look through the keys"));
      if (names.length > 0) yield names;
      cursor = next;
    } while (cursor !== "0");
  }
}
