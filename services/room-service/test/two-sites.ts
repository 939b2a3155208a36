import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { CanonicalEvent } from "@parley/contract/events";
import { base62, uuidV7 } from "@parley/contract/ids";
import type { RequestDeclaration } from "@parley/contract/request";
import { removeMember, type JobResult } from "@parley/contract/room-requests";
import type { TokensOf } from "@parley/contract/subject";
import { parseConfig } from "@parley/lifecycle/parse-config";
import { startValkeyServer } from "@parley/local-stack/valkey-server";
import { sendRequest } from "@parley/messaging/ask-process";
import { traceOf } from "@parley/messaging/trace";
import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";
import { mongoRoomSnapshotStore } from "@parley/mongo/room-snapshot-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { valkeyRoomKeyStore } from "@parley/room-keys/room-key-store.valkey";
import { createEventReader, type EventReader } from "@parley/room-log/event-reader";
import { createRoomLoader } from "@parley/room-log/room-loader";
import type { RoomState } from "@parley/room/state";
import { openProcess } from "@parley/site/test/open-process";
import { spawnProcess } from "@parley/site/test/spawn-process";
import { openTestClients } from "@parley/site/test/test-clients";
import { openTestSite, type Somebody, type TestSite } from "@parley/site/test/test-site";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";
import { test as base } from "vitest";
import type { z } from "zod";

import { config } from "../src/config.ts";
import { openService } from "../src/service.ts";

/** A peer both sites are configured with that never answers. */
export const SILENT_SITE = "site-silent";
/** A site no `PEERS` names. */
const UNKNOWN_SITE = "site-unknown";

/** Sorts before every derived user id, so this account's site is home to its direct messages. */
const earlyUserId = (last: string): string => `${"0".repeat(16)}${last}`;

/** ann and amy live at alpha, bob to dan and root, an administrator, at beta. Of ann and bob the latter's user id sorts first. */
function directoryOf(alpha: string, beta: string): readonly Somebody[] {
  // The same at both sites, and this test's own: a direct message is named by user ids, and key stores are shared.
  const idOf = (account: string): string =>
    `${account === "bob" ? "A" : "B"}${base62(`${alpha} ${account}`, 16)}`;
  const person = (account: string, homeSite: string) => ({ account, homeSite, userId: idOf(account) });
  return [
    { ...person("ann", alpha), name: "Ann" },
    person("amy", alpha),
    { ...person("bob", beta), name: "Bob" },
    person("cat", beta),
    person("dan", beta),
    { ...person("off", beta), enabled: false },
    { ...person("root", beta), admin: true },
    { account: "gus", homeSite: SILENT_SITE, userId: earlyUserId("1") },
    { account: "hal", homeSite: UNKNOWN_SITE, userId: earlyUserId("2") },
  ];
}

const peersOf = (peer: TestSite): string => [peer.siteId, SILENT_SITE].join(",");

type Environment = Readonly<Record<string, string>>;

async function openProcesses(stack: AsyncDisposableStack, site: TestSite, environment: Environment) {
  stack.use(await spawnProcess("room-worker", environment));
  stack.use(await openProcess({ config, environment, open: openService }));
  return openTestClients(site);
}

/** The key store of a site, as inbox-worker uses it. */
async function openKeys(stack: AsyncDisposableStack, siteId: string, environment: Environment) {
  const parsed = parseConfig(config, environment);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const client = await connectValkey({
    addresses: [environment["VALKEY_ADDR"] ?? ""],
    password: undefined,
    onError: (error) => {
      throw error;
    },
  });
  stack.defer(() => closeValkey(client));
  return valkeyRoomKeyStore({
    client,
    siteId,
    sealing: { suite: nodeSuite, keys: parsed.config.keyEncryptionKeys },
    gracePeriodMs: parsed.config.roomKeyGracePeriodMs,
    now: () => Date.now(),
  });
}

const recorder = { count: () => {}, record: () => {}, gauge: () => ({ [Symbol.dispose]: () => {} }) };
const readerOf = ({ siteId, broker }: TestSite): EventReader =>
  createEventReader({ broker, siteId, process: "inbox-worker", recorder });

/** What a site's log holds of a room, from its beginning. */
export async function eventsOf(site: TestSite, roomId: string): Promise<readonly CanonicalEvent[]> {
  const events: CanonicalEvent[] = [];
  for await (const { event } of readerOf(site).forward({ roomId, from: 1 })) events.push(event);
  return events;
}

/** A room as its home's log has it now. */
async function stateAtHome(site: TestSite, roomId: string): Promise<RoomState> {
  const reader = readerOf(site);
  const loader = createRoomLoader({ reader, snapshots: mongoRoomSnapshotStore(site.database), recorder });
  const head = await reader.head(roomId);
  const { state } = await loader.load({ roomId, upTo: head?.streamSequence ?? 0 });
  if (!state) throw new Error(`room ${roomId} has no log`);
  return state;
}

/**
 * Two sites on one broker, room-service of both in this process and room-worker beside it. No event is carried over by
 * itself: beta's replicas are what a test puts there, so that they can lag.
 */
async function openTwoSites(stack: AsyncDisposableStack) {
  const alpha = stack.use(await openTestSite());
  const beta = stack.use(await openTestSite());
  const people = directoryOf(alpha.siteId, beta.siteId);
  await Promise.all([alpha.know(...people), beta.know(...people)]);
  const dir = mkdtempSync(join(tmpdir(), "parley-valkey-"));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  // The keys of a room have the same names at every site, so sites cannot share a Valkey.
  const valkey = await startValkeyServer({ dir });
  stack.defer(() => valkey.stop());
  const ofAlpha = { ...alpha.environment, PEERS: peersOf(beta) };
  const ofBeta = { ...beta.environment, PEERS: peersOf(alpha), VALKEY_ADDR: valkey.address };
  const [alphaClients, betaClients] = await Promise.all([
    openProcesses(stack, alpha, ofAlpha),
    openProcesses(stack, beta, ofBeta),
  ]);
  const replicas = mongoReplicaStore(beta.database);
  const subscriptions = mongoSubscriptionStore(beta.database);
  const hold = async (state: RoomState): Promise<RoomState> => {
    await subscriptions.replaceSite({ room: state, siteId: beta.siteId, repair: false });
    await replicas.replace({ state, repair: false });
    return state;
  };

  return {
    alpha,
    beta,
    alphaClients,
    betaClients,
    keys: await openKeys(stack, beta.siteId, ofBeta),
    hold,
    /** Brings beta's replica of a room to where the room is at home now. */
    replicate: async (roomId: string): Promise<RoomState> => hold(await stateAtHome(alpha, roomId)),
    /** Removes somebody at alpha; resolves with the job's result. */
    async remove(roomId: string, account: string): Promise<JobResult> {
      const asked = { tokens: { roomId }, body: { account } };
      return alphaClients.result((await alphaClients.ask("ann", removeMember, asked)).requestId);
    },
  };
}

/** A process of a site asks another site. Throws the `Failure` it is refused with. */
export const askAs = <T extends string, B extends z.ZodType, R extends z.ZodType>(
  { siteId, broker }: TestSite,
  declaration: RequestDeclaration<T, B, R>,
  of: { readonly to: TestSite; readonly body: z.input<B> },
): Promise<z.output<R>> =>
  sendRequest(broker, declaration, {
    tokens: { siteId: of.to.siteId, fromSite: siteId } as unknown as TokensOf<T>,
    body: of.body,
    trace: traceOf(undefined, uuidV7()),
    timeoutMs: 5000,
  });

/** A test with two sites of the file's own. */
export const test = base.extend("sites", { scope: "file" }, async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openTwoSites(stack);
});
export type TwoSites = Awaited<ReturnType<typeof openTwoSites>>;
