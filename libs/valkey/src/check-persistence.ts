import { Cluster, type Redis } from "iovalkey";

import type { ValkeyClient } from "./connect-valkey.ts";
import { failedTo, isReplyError, valkeyError } from "./valkey-error.ts";

/** What keeps a key that was answered for (DESIGN 5.4), and what is lost without it. */
const REQUIRED: readonly { setting: string; value: string; otherwise: string }[] = [
  { setting: "appendonly", value: "yes", otherwise: "a restart loses room keys, and rooms rotate" },
  {
    setting: "appendfsync",
    value: "always",
    otherwise: "a crash loses the newest room keys, and rooms rotate",
  },
  { setting: "maxmemory-policy", value: "noeviction", otherwise: "a full store throws room keys away" },
];

/** A managed service may refuse to tell its settings. */
type Settings = { readonly values: ReadonlyMap<string, string> } | { readonly refused: string };

async function readSettings(server: Redis, name: string): Promise<Settings> {
  const settings = REQUIRED.map(({ setting }) => setting);
  const answer = await server.call("CONFIG", "GET", ...settings).then(
    (reply: unknown) => ({ reply }),
    (error: unknown) => {
      const reason = valkeyError(error);
      return isReplyError(reason)
        ? { refused: reason.message }
        : failedTo(`read the settings of Valkey ${name}`)(error);
    },
  );
  if ("refused" in answer) return answer;
  const flat = Array.isArray(answer.reply) ? answer.reply.map(String) : [];
  return { values: new Map(settings.map((setting) => [setting, flat[flat.indexOf(setting) + 1] ?? ""])) };
}

async function checkServer(server: Redis): Promise<string[]> {
  const name = `${server.options.host}:${server.options.port}`;
  const settings = await readSettings(server, name);
  if ("refused" in settings) return [`Valkey ${name}: settings cannot be read: ${settings.refused}`];
  return REQUIRED.filter(({ setting, value }) => settings.values.get(setting) !== value).map(
    ({ setting, value, otherwise }) =>
      `Valkey ${name}: ${setting} is "${settings.values.get(setting)}", not "${value}": ${otherwise}`,
  );
}

/**
 * One warning for each setting, on each server, under which an answered write may be lost. For a start-up report:
 * never fatal, since room keys can rotate.
 * @throws {Error} when a server does not answer
 */
export async function checkPersistence(client: ValkeyClient): Promise<string[]> {
  const servers = client instanceof Cluster ? client.nodes("master") : [client];
  const warnings = await Promise.all(servers.map(checkServer));
  return warnings.flat();
}
