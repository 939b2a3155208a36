import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { inject } from "vitest";

/** A connection to the tests' key store, for a store of a test's own. */
export async function openTestValkey(): Promise<{ readonly client: ValkeyClient } & AsyncDisposable> {
  const client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
  return { client, [Symbol.asyncDispose]: () => closeValkey(client) };
}
