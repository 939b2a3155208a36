import type { ServiceContext } from "@parley/lifecycle/service";
import { checkPersistence } from "@parley/valkey/check-persistence";
import { closeValkey, connectValkey, pingValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";

import type { Site } from "./open-site.ts";

/** An IPv6 host stands in brackets. */
const addressOf = ({ host, port }: { host: string; port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Connects to the site's key store, reports settings that may lose keys, and makes it a dependency. */
export async function openValkey(of: {
  readonly stack: AsyncDisposableStack;
  readonly context: ServiceContext;
  readonly site: Site;
  readonly config: {
    readonly valkeyAddresses: readonly { readonly host: string; readonly port: number }[];
    readonly valkeyPassword?: string | undefined;
  };
}): Promise<ValkeyClient> {
  const { stack, context, site, config } = of;
  const client = await context.retry({
    what: "valkey",
    attempt: () =>
      connectValkey({
        addresses: config.valkeyAddresses.map(addressOf),
        password: config.valkeyPassword,
        onError: (error) => site.log.warn("valkey_connection", {}, error),
      }),
  });
  stack.defer(() => closeValkey(client));
  for (const warning of await checkPersistence(client)) site.log.warn("valkey_may_lose_keys", { warning });
  site.addDependency("valkey", () => pingValkey(client));
  return client;
}
