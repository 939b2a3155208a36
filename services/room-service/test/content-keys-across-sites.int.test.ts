import { openContentKeyStore } from "@parley/content-keys/open-content-keys";
import { createRoom } from "@parley/contract/room-requests";
import { getContentKey } from "@parley/contract/server-requests";
import { parseConfig } from "@parley/lifecycle/parse-config";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { describe, expect } from "vitest";

import { config } from "../src/config.ts";
import { noteProjection } from "./note-projection.ts";
import { askAs, test as base, type TwoSites } from "./two-sites.ts";

/** With the content keys of alpha, as its message-service makes them. */
const test = base.extend("contentKeys", { scope: "file" }, async ({ sites: { alpha } }, { onCleanup }) => {
  const parsed = parseConfig(config, alpha.environment);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const client = await connectValkey({
    addresses: [alpha.environment["VALKEY_ADDR"] ?? ""],
    onError: (error) => {
      throw error;
    },
  });
  onCleanup(() => closeValkey(client));
  return openContentKeyStore({
    database: alpha.database,
    client,
    sealing: { suite: nodeSuite, keys: parsed.config.keyEncryptionKeys },
    siteId: alpha.siteId,
    now: () => Date.now(),
    recorder: { count: () => {} },
    log: { warn: () => {}, error: () => {} },
  });
});

/** A channel of ann's at alpha, applied there. */
async function channel({ alphaClients }: TwoSites, users: string[]): Promise<string> {
  const reply = await alphaClients.ask("ann", createRoom, { body: { name: "Plans", users } });
  await alphaClients.result(reply.requestId);
  return reply.roomId;
}

const ask = ({ alpha, beta }: TwoSites, roomId: string) =>
  askAs(beta, getContentKey, { to: alpha, body: { roomId } });
const refused = expect.objectContaining({ reason: "site_not_participating" }) as unknown;

describe("a site that asks for the key of a room's content", () => {
  // K5
  test("gets it as a participant, and the word that there is none yet", async ({ sites, contentKeys }) => {
    const roomId = await channel(sites, ["bob"]);
    expect(await ask(sites, roomId)).toEqual({ roomId });
    const made = await contentKeys.ensure(roomId);
    if (made.status !== "key") expect.fail("the room is erased");

    const { kid, bytes } = made.key;
    expect(await ask(sites, roomId)).toEqual({ roomId, kid, key: toBase64(bytes) });
  });

  test("hears that it was erased", async ({ sites, contentKeys }) => {
    const roomId = await channel(sites, ["bob"]);
    await contentKeys.copyErased({ roomId, revision: 1 });

    expect(await ask(sites, roomId)).toEqual({ roomId, erased: true });
  });

  // K5
  test("gets nothing of a room it has no part in, or none any more", async ({ sites, contentKeys }) => {
    const [own, left] = [await channel(sites, ["amy"]), await channel(sites, ["bob"])];
    for (const roomId of [own, left]) await contentKeys.ensure(roomId);
    await expect(ask(sites, "0".repeat(17))).rejects.toEqual(refused);
    await expect(ask(sites, own)).rejects.toEqual(refused);
    expect(await ask(sites, left)).toHaveProperty("key");
    await sites.remove(left, "bob");
    await expect(ask(sites, left)).rejects.toEqual(refused);
  });

  test("gets nothing when an older projection has its accounts and the log does not", async ({
    sites,
    contentKeys,
  }) => {
    const roomId = await channel(sites, ["bob"]);
    await contentKeys.ensure(roomId);
    const putBack = await noteProjection(sites.alpha, roomId);
    await sites.remove(roomId, "bob");
    await putBack();

    await expect(ask(sites, roomId)).rejects.toEqual(refused);
  });
});
