import {
  addMembers,
  changeRole,
  closeRoom,
  createRoom,
  listMembers,
  removeMember,
  renameRoom,
  restrictRoom,
  setRoomPolicy,
} from "@parley/contract/room-requests";
import { ensureKey } from "@parley/contract/server-requests";
import { describe, expect } from "vitest";

import { askAs, test as base } from "./two-sites.ts";

/** A channel of ann's with amy, bob and cat, homed at alpha and held by beta. */
const test = base.extend("roomId", { scope: "file" }, async ({ sites }) => {
  const { alphaClients } = sites;
  const body = { name: "Plans", users: ["bob", "cat", "amy"] };
  const reply = await alphaClients.ask("ann", createRoom, { body });
  await alphaClients.result(reply.requestId);
  await sites.replicate(reply.roomId);
  return reply.roomId;
});

describe("a replica", () => {
  // R86
  test("lists the members of every site, page by page, as the home does", async ({ sites, roomId }) => {
    const { alpha, alphaClients, betaClients } = sites;
    const home = await alphaClients.ask("ann", listMembers, { tokens: { roomId } });
    const list = (after?: string) =>
      betaClients.ask("bob", listMembers, {
        tokens: { roomId },
        body: { limit: 3, ...(after !== undefined && { after }) },
      });
    const first = await list();
    expect(first).toMatchObject({ total: 4, revision: 1, stale: true, orgs: [] });
    const last = await list(first.next);
    expect(last).not.toHaveProperty("orgs");
    expect(last).not.toHaveProperty("next");
    expect([...first.members, ...last.members]).toEqual(home.members);
    expect(home.stale).toBe(false);
    const continued = await betaClients.ask("bob", listMembers, {
      tokens: { roomId, siteId: alpha.siteId },
      body: { ...(first.next !== undefined && { after: first.next }) },
    });
    expect(continued.members).toEqual(last.members);
    expect(await list("nonsense")).toMatchObject({ reason: "invalid_request" });
    expect(await betaClients.ask("dan", listMembers, { tokens: { roomId } })).toMatchObject({
      reason: "not_room_member",
    });
  });

  test("sends its members' commands to the home and tells outsiders nothing", async ({ sites, roomId }) => {
    const { alpha, betaClients } = sites;
    const commands = (account: string) =>
      Promise.all([
        betaClients.ask(account, addMembers, { tokens: { roomId }, body: { users: ["dan"] } }),
        betaClients.ask(account, removeMember, { tokens: { roomId }, body: { account: "bob" } }),
        betaClients.ask(account, changeRole, { tokens: { roomId }, body: { account: "bob", role: "owner" } }),
        betaClients.ask(account, renameRoom, { tokens: { roomId }, body: { name: "Deeds" } }),
        betaClients.ask(account, restrictRoom, { tokens: { roomId }, body: { restricted: true } }),
        betaClients.ask(account, setRoomPolicy, { tokens: { roomId }, body: { rekeyOnJoin: true } }),
        betaClients.ask(account, closeRoom, { tokens: { roomId } }),
      ]);
    for (const reply of await commands("bob"))
      expect(reply).toMatchObject({ reason: "wrong_site", metadata: { siteId: alpha.siteId } });
    for (const reply of await commands("dan")) expect(reply).toMatchObject({ reason: "not_room_member" });
  });

  // R36
  test("sends directory admins to the home, who need not be members, and tells them nothing of other rooms", async ({
    sites,
    roomId,
  }) => {
    const { alpha, betaClients } = sites;
    const commands = (room: string) =>
      Promise.all([
        betaClients.ask("root", renameRoom, { tokens: { roomId: room }, body: { name: "Deeds" } }),
        betaClients.ask("root", restrictRoom, { tokens: { roomId: room }, body: { restricted: false } }),
      ]);
    for (const reply of await commands(roomId))
      expect(reply).toMatchObject({ reason: "wrong_site", metadata: { siteId: alpha.siteId } });
    for (const reply of await commands("0000000000000None"))
      expect(reply).toMatchObject({ reason: "not_room_member" });
    expect(await betaClients.ask("root", closeRoom, { tokens: { roomId } })).toMatchObject({
      reason: "not_room_member",
    });
  });

  test("rotates no key", async ({ sites, roomId }) => {
    const { alpha, beta } = sites;
    await expect(
      askAs(beta, ensureKey, { to: beta, body: { roomId, version: 0, rotate: true } }),
    ).rejects.toMatchObject({ reason: "wrong_site", metadata: { siteId: alpha.siteId } });
  });

  test("takes a command at the home from a member who lives elsewhere", async ({ sites, roomId }) => {
    const { alpha, alphaClients, betaClients } = sites;
    const reply = await betaClients.ask("bob", addMembers, {
      tokens: { roomId, siteId: alpha.siteId },
      body: { users: ["dan"] },
    });
    expect(reply).toMatchObject({ status: "accepted", revision: 2 });
    await betaClients.first(
      ({ subject }) => subject.endsWith(`.response.${alpha.siteId}.${reply.requestId}`),
      "the job result from alpha",
    );
    expect((await alphaClients.ask("ann", listMembers, { tokens: { roomId } })).total).toBe(5);
    expect((await betaClients.ask("bob", listMembers, { tokens: { roomId } })).total).toBe(4);
  });
});
