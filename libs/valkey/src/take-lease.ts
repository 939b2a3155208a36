import type { ValkeyClient } from "./connect-valkey.ts";
import { failedTo } from "./valkey-error.ts";

/** Takes a lease unless somebody holds it; it ends by itself after `forMs`. Answers whether it was taken. */
export async function takeLease(client: ValkeyClient, name: string, forMs: number): Promise<boolean> {
  const reply = await client
    .set(`lease:${name}`, "1", "PX", forMs, "NX")
    .catch(failedTo(`take the lease ${name}`));
  return reply === "OK";
}
