import {
  addMembers,
  changeRole,
  closeRoom,
  createRoom,
  removeMember,
  renameRoom,
  restrictRoom,
  setRoomPolicy,
} from "@parley/contract/room-requests";
import { openProcess } from "@parley/site/test/open-process";
import { spawnProcess } from "@parley/site/test/spawn-process";
import { openTestClients, type TestClients } from "@parley/site/test/test-clients";
import { openTestSite, type Somebody } from "@parley/site/test/test-site";
import { test as base } from "vitest";

import { config } from "../src/config.ts";
import { openService } from "../src/service.ts";

/** People, agents and orgs of these tests; `eng` is a section, `tech` a department that overlaps with it. */
const DIRECTORY: readonly Somebody[] = [
  { account: "ann", name: "Ann", altName: "Lee" },
  { account: "bob", name: "Bob" },
  { account: "cat", sectId: "eng", sectName: "Engines", deptId: "tech", deptName: "Technology" },
  { account: "dan", deptId: "tech", deptName: "Technology" },
  { account: "eve", sectId: "eng", sectName: "Engines" },
  { account: "out", name: "Outsider" },
  { account: "root", name: "Administrator", admin: true },
  { account: "off", enabled: false },
  { account: "bot", kind: "agent", onBehalfOf: "ann" },
  { account: "idle", kind: "agent", enabled: false },
  { account: "far", homeSite: "site-far" },
];

/** A body, and the request id beside it where a test tells one. */
type Body = Readonly<Record<string, unknown>> & { readonly requestId?: string };
const sent = ({ requestId, ...body }: Body) => ({ body, ...named(requestId) });
const named = (requestId: string | undefined) => (requestId === undefined ? {} : { requestId });

/** What clients do to rooms, told in one word each; every request has an id of its own unless told. */
export function roomActions(clients: TestClients) {
  const { ask, result } = clients;
  const settled = async <T extends { requestId?: string; error?: string }>(
    asking: Promise<T>,
  ): Promise<T> => {
    const reply = await asking;
    if (reply.error !== undefined) throw new Error(JSON.stringify(reply));
    await result(reply.requestId ?? "");
    return reply;
  };
  return {
    settled,
    /** Creates a channel and answers its id once its job is done. */
    channel: async (account: string, body: { name?: string; users?: string[]; orgs?: string[] } = {}) =>
      (await settled(ask(account, createRoom, { body: { name: "Plans", ...body } }))).roomId,
    create: (account: string, body: unknown, requestId?: string) =>
      ask(account, createRoom, { body, ...named(requestId) }),
    add: (account: string, roomId: string, body: unknown) =>
      ask(account, addMembers, { tokens: { roomId }, body }),
    remove: (account: string, roomId: string, body: unknown) =>
      ask(account, removeMember, { tokens: { roomId }, body }),
    role: (account: string, roomId: string, body: unknown) =>
      ask(account, changeRole, { tokens: { roomId }, body }),
    rename: (account: string, roomId: string, body: Body) =>
      ask(account, renameRoom, { tokens: { roomId }, ...sent(body) }),
    restrict: (account: string, roomId: string, body: Body) =>
      ask(account, restrictRoom, { tokens: { roomId }, ...sent(body) }),
    policy: (account: string, roomId: string, body: Body) =>
      ask(account, setRoomPolicy, { tokens: { roomId }, ...sent(body) }),
    close: (account: string, roomId: string, requestId?: string) =>
      ask(account, closeRoom, { tokens: { roomId }, ...named(requestId) }),
  };
}

/** A test with a site of the file's own: room-service in this process, room-worker beside it, clients that watch. */
export const test = base
  .extend("workerEnvironment", { scope: "file" }, (): Readonly<Record<string, string>> => ({}))
  .extend("serviceEnvironment", { scope: "file" }, (): Readonly<Record<string, string>> => ({}))
  .extend("site", { scope: "file" }, async ({}, { onCleanup }) => {
    const site = await openTestSite(DIRECTORY);
    onCleanup(() => site[Symbol.asyncDispose]());
    return site;
  })
  .extend("worker", { scope: "file" }, async ({ site, workerEnvironment }, { onCleanup }) => {
    const worker = await spawnProcess("room-worker", { ...site.environment, ...workerEnvironment });
    onCleanup(() => worker[Symbol.asyncDispose]());
    return worker;
  })
  .extend("service", { scope: "file" }, async ({ site, worker, serviceEnvironment }, { onCleanup }) => {
    if (worker.pid === 0) throw new Error("room-worker has no process id");
    const environment = { ...site.environment, ...serviceEnvironment };
    const service = await openProcess({ config, environment, open: openService });
    onCleanup(() => service[Symbol.asyncDispose]());
    return service;
  })
  .extend("clients", { scope: "file" }, async ({ site, service }) => {
    if (!service.readiness.report().ready) throw new Error(JSON.stringify(service.readiness.report()));
    return openTestClients(site);
  })
  .extend("rooms", { scope: "file" }, ({ clients }) => roomActions(clients));
