import type { ValkeyClient } from "./connect-valkey.ts";
import { failedTo, isWrongType, valkeyError } from "./valkey-error.ts";

/** What one key gave: its fields in the order asked for (`null` = absent), or that it holds something else. */
export type HashRead =
  | { readonly status: "read"; readonly values: readonly (string | null)[] }
  | { readonly status: "wrong_type" };

interface HashesQuery {
  readonly keys: readonly string[];
  readonly fields: readonly string[];
}

/**
 * The fields of many hashes in one round trip, in the order of `keys`: the commands leave one behind the other without
 * waiting, which, other than a pipeline, works across the slots of a cluster too. A key of another type spoils only
 * its own slot.
 * @throws {Error} when the store fails or answers in part: never a smaller set
 */
export async function readHashes(
  client: ValkeyClient,
  { keys, fields }: HashesQuery,
): Promise<readonly HashRead[]> {
  const readHash = (key: string): Promise<HashRead> =>
    client.hmget(key, ...fields).then(
      (values) => ({ status: "read", values }),
      (error: unknown) => {
        if (isWrongType(valkeyError(error))) return { status: "wrong_type" };
        throw error;
      },
    );
  return Promise.all(keys.map(readHash)).catch(failedTo("read hashes together"));
}
