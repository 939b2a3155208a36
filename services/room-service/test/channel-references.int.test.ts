import { randomUUID } from "node:crypto";

import type { MemberEntry } from "@parley/contract/shapes";
import { addMembers, createRoom } from "@parley/contract/room-requests";
import { listRemoteMembers } from "@parley/contract/server-requests";
import { LIMITS } from "@parley/contract/limits";
import type { TestClients } from "@parley/site/test/test-clients";
import { describe, expect } from "vitest";

import { SILENT_SITE, askAs, eventsOf, test as base, type TwoSites } from "./two-sites.ts";

/** Orgs both sites know: `eng` of eve at alpha, `ops` of fay at beta; and an agent. */
const test = base.extend("ready", { scope: "file" }, async ({ sites }): Promise<TwoSites> => {
  const { alpha, beta } = sites;
  const people = [
    { account: "eve", homeSite: alpha.siteId, sectId: "eng", sectName: "Engines" },
    { account: "fay", homeSite: beta.siteId, sectId: "ops", sectName: "Operations" },
    { account: "bot", homeSite: alpha.siteId, kind: "agent" as const },
  ].map((somebody) => ({ ...somebody, userId: alpha.userIdOf(somebody.account) }));
  await Promise.all([alpha.know(...people), beta.know(...people)]);
  return sites;
});

type Reference = { readonly roomId: string; readonly siteId: string };

/** Creates a channel and waits until it is true at its home. */
async function channel(clients: TestClients, account: string, body: object = {}): Promise<Reference> {
  const { requestId, roomId, siteId } = await clients.ask(account, createRoom, {
    body: { name: "Plans", ...body },
  });
  await clients.result(requestId);
  return { roomId, siteId };
}

const rosterOf = (members: readonly MemberEntry[]) =>
  members.map(({ account, individual, viaOrgs }) => [account, individual, viaOrgs]);

describe("a channel reference (R28)", () => {
  // R28
  test("copies individuals and orgs of channels of both sites, not agents", async ({ ready }) => {
    const { alpha, alphaClients, betaClients } = ready;
    const here = await channel(alphaClients, "ann", { users: ["amy", "bot"], orgs: ["eng"] });
    const there = await channel(betaClients, "bob", { users: ["ann", "cat", "bot"], orgs: ["ops"] });
    const made = await channel(alphaClients, "ann", { channels: [here, there] });
    const [created] = await eventsOf(alpha, made.roomId);
    if (created?.type !== "room_created") throw new Error("the room was not created");
    expect(rosterOf(created.data.members)).toEqual([
      ["ann", true, []],
      ["amy", true, []],
      ["bob", true, []],
      ["cat", true, []],
      ["eve", false, ["eng"]],
      ["fay", false, ["ops"]],
    ]);
    expect(created.data.orgs.map(({ orgId }) => orgId)).toEqual(["eng", "ops"]);

    const room = await channel(alphaClients, "ann");
    const add = (body: object) =>
      alphaClients.ask("ann", addMembers, { tokens: { roomId: room.roomId }, body });
    const first = await add({ users: ["dan", "amy"], channels: [there, here, there] });
    expect(first).toMatchObject({ status: "accepted", revision: 2 });
    await alphaClients.result(first.requestId);
    const added = (await eventsOf(alpha, room.roomId))[1];
    expect(added?.data).toMatchObject({ source: { users: 2, orgs: 0, channels: 2 } });
    expect(await add({ channels: [here] })).toMatchObject({ status: "unchanged" });
  });

  test("reads every page of a large channel", async ({ ready }) => {
    const { alpha, beta, alphaClients, betaClients } = ready;
    const many = Array.from({ length: 600 }, (_, index) => ({
      account: `m${index}`,
      homeSite: beta.siteId,
      userId: alpha.userIdOf(`m${index}`),
    }));
    await Promise.all([alpha.know(...many), beta.know(...many)]);
    const users = [...many.map(({ account }) => account), "ann"];
    const there = await channel(betaClients, "bob", { users });
    const local = await channel(alphaClients, "ann", { channels: [there] });
    const again = await channel(alphaClients, "ann", { channels: [local] });
    for (const { roomId } of [local, again]) {
      const [created] = await eventsOf(alpha, roomId);
      expect(created?.data).toHaveProperty("members.length", many.length + 2);
    }
  });

  // R28
  test("to one the caller is not in, to no channel, or to nowhere refuses all of the request", async ({
    ready,
  }) => {
    const { alpha, beta, alphaClients, betaClients } = ready;
    const own = await channel(alphaClients, "ann");
    const foreign = await channel(alphaClients, "amy");
    const remote = await channel(betaClients, "bob", { users: ["amy"] });
    const direct = await betaClients.ask("cat", createRoom, { body: { users: ["dan"] } });
    await betaClients.result(direct.requestId);
    const dm = await alphaClients.ask("ann", createRoom, { body: { users: ["amy"] } });
    await alphaClients.result(dm.requestId);
    const ghost = "0".repeat(17);
    const expected = [
      [foreign, "not_room_member", { roomId: foreign.roomId }],
      [{ roomId: ghost, siteId: alpha.siteId }, "not_room_member", { roomId: ghost }],
      [remote, "not_room_member", { roomId: remote.roomId }],
      [{ roomId: ghost, siteId: beta.siteId }, "not_room_member", { roomId: ghost }],
      [{ roomId: dm.roomId, siteId: alpha.siteId }, "non_channel_operation", { roomId: dm.roomId }],
      [{ roomId: direct.roomId, siteId: beta.siteId }, "not_room_member", { roomId: direct.roomId }],
      [{ roomId: own.roomId, siteId: "site-unknown" }, "unknown_site", { siteId: "site-unknown" }],
      [{ roomId: own.roomId, siteId: SILENT_SITE }, "home_site_unreachable", { siteId: SILENT_SITE }],
    ] as const;
    for (const [reference, reason, metadata] of expected) {
      const body = { users: ["nobody"], channels: [own, reference] };
      const refusal = { reason, metadata: expect.objectContaining(metadata) as unknown };
      const add = alphaClients.ask("ann", addMembers, { tokens: { roomId: own.roomId }, body });
      expect(await add).toMatchObject(refusal);
      const create = alphaClients.ask("ann", createRoom, { body: { name: "X", ...body } });
      expect(await create).toMatchObject(refusal);
    }
    expect(await eventsOf(alpha, own.roomId)).toHaveLength(1);
  });

  // R28
  test("to a site that stays silent is refused in time, and not before what comes first", async ({
    ready,
  }) => {
    const { alpha, alphaClients } = ready;
    const own = await channel(alphaClients, "ann");
    const subject = listRemoteMembers.subject.of({ siteId: SILENT_SITE, fromSite: alpha.siteId });
    const deaf = alpha.broker.connection.subscribe(subject, { callback: () => {} });
    await alpha.broker.flush();
    const channels = [{ roomId: own.roomId, siteId: SILENT_SITE }];
    const startedAt = performance.now();
    const [reply, outside] = await Promise.all([
      alphaClients.ask("ann", addMembers, { tokens: { roomId: own.roomId }, body: { channels } }),
      alphaClients.ask("amy", addMembers, { tokens: { roomId: own.roomId }, body: { channels } }),
    ]);
    deaf.unsubscribe();
    expect(reply).toMatchObject({
      code: "unavailable",
      reason: "home_site_unreachable",
      metadata: { siteId: SILENT_SITE },
    });
    expect(outside).toMatchObject({ reason: "not_room_member" });
    expect(performance.now() - startedAt).toBeLessThan(LIMITS.answerWithinMs);
  });

  test("is looked at after the room it is for, and a repeat reads the first outcome", async ({ ready }) => {
    const { alphaClients } = ready;
    const own = await channel(alphaClients, "ann");
    const requestId = randomUUID();
    const ask = (body: object) =>
      alphaClients.ask("ann", addMembers, { tokens: { roomId: own.roomId }, body, requestId });
    expect(await ask({ users: ["amy"] })).toMatchObject({ status: "accepted", revision: 2 });
    const channels = [{ roomId: own.roomId, siteId: SILENT_SITE }];
    expect(await ask({ channels })).toMatchObject({ status: "accepted", revision: 2 });
  });
});

describe("the members of a channel, asked by another site (R120)", () => {
  test("are told for its own accounts, or where it takes part", async ({ ready }) => {
    const { alpha, beta, betaClients } = ready;
    const shared = await channel(betaClients, "bob", { users: ["ann", "cat"] });
    const ask = (body: { roomId: string; account: string }) =>
      askAs(alpha, listRemoteMembers, { to: beta, body });
    const reply = await ask({ roomId: shared.roomId, account: "ann" });
    expect(reply.members.map(({ account }) => account)).toEqual(["ann", "bob", "cat"]);
    expect(reply).toMatchObject({ total: 3, revision: 1, stale: false, orgs: [] });
    expect(await ask({ roomId: shared.roomId, account: "bob" })).toHaveProperty("total", 3);
    await expect(ask({ roomId: shared.roomId, account: "amy" })).rejects.toMatchObject({
      reason: "not_room_member",
    });
    await expect(ask({ roomId: shared.roomId, account: "nobody" })).rejects.toMatchObject({
      reason: "unknown_account",
    });
  });

  // R120
  test("are refused to a site without a part in the room, for accounts not its own, and for disabled ones", async ({
    ready,
  }) => {
    const { alpha, beta, alphaClients, betaClients } = ready;
    const theirs = await channel(betaClients, "bob", { users: ["cat"] });
    const mine = await channel(alphaClients, "ann", { users: ["bob"] });
    const ask = (body: { roomId: string; account: string }) =>
      askAs(alpha, listRemoteMembers, { to: beta, body });
    for (const roomId of [theirs.roomId, "0".repeat(17)])
      await expect(ask({ roomId, account: "bob" })).rejects.toMatchObject({
        reason: "site_not_participating",
      });
    await expect(ask({ roomId: theirs.roomId, account: "ann" })).rejects.toMatchObject({
      reason: "not_room_member",
    });
    await expect(
      askAs(beta, listRemoteMembers, { to: alpha, body: { roomId: mine.roomId, account: "off" } }),
    ).rejects.toMatchObject({ reason: "account_disabled" });
  });
});
