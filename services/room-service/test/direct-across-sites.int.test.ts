import { randomUUID } from "node:crypto";

import { createRoom } from "@parley/contract/room-requests";
import { openDirect, pingSite } from "@parley/contract/server-requests";
import { describe, expect } from "vitest";

import { SILENT_SITE, askAs, eventsOf, test } from "./two-sites.ts";

describe("a direct message homed at a peer", () => {
  // R16
  test("is opened there on behalf of who asked, and reads the same from both sides", async ({ sites }) => {
    const { alpha, beta, alphaClients, betaClients } = sites;
    const requestId = randomUUID();
    const open = () => alphaClients.ask("ann", createRoom, { body: { users: ["bob"] }, requestId });
    const reply = await open();
    expect(reply).toMatchObject({
      status: "accepted",
      requestId,
      roomType: "dm",
      siteId: beta.siteId,
      revision: 1,
      done: true,
      subscription: { role: "member", individual: true, keyFrom: 0 },
    });
    const { roomId } = reply;
    expect(await open()).toMatchObject({ status: "accepted", roomId, revision: 1, done: true });
    expect(await betaClients.ask("bob", createRoom, { body: { users: ["ann"] } })).toMatchObject({
      status: "exists",
      roomId,
      siteId: beta.siteId,
      done: true,
    });
    const events = await eventsOf(beta, roomId);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      requestId,
      actor: { account: "system", kind: "system", onBehalfOf: "ann" },
      data: {
        members: expect.arrayContaining([
          expect.objectContaining({ account: "ann", siteId: alpha.siteId }),
          expect.objectContaining({ account: "bob", siteId: beta.siteId }),
        ]) as unknown,
      },
    });
  });

  test("is refused as its home refuses it", async ({ sites }) => {
    const reply = await sites.alphaClients.ask("amy", createRoom, { body: { users: ["off"] } });
    expect(reply).toMatchObject({ reason: "user_not_found", metadata: { accounts: ["off"] } });
  });

  // R86
  test("cannot be opened while its home does not answer, or where no peer is", async ({ sites }) => {
    const { alphaClients } = sites;
    expect(await alphaClients.ask("ann", createRoom, { body: { users: ["gus"] } })).toMatchObject({
      code: "unavailable",
      reason: "home_site_unreachable",
      metadata: { siteId: SILENT_SITE },
    });
    expect(await alphaClients.ask("ann", createRoom, { body: { users: ["hal"] } })).toMatchObject({
      reason: "unknown_site",
      metadata: { accounts: ["hal"] },
    });
  });
});

describe("a peer that asks for a direct message", () => {
  // R120
  test("does so for its own accounts alone", async ({ sites }) => {
    const { alpha, beta } = sites;
    for (const requesterAccount of ["bob", "gus", "nobody"])
      await expect(
        askAs(alpha, openDirect, { to: beta, body: { requesterAccount, otherAccount: "ann" } }),
      ).rejects.toMatchObject({ reason: "unknown_account" });
    await expect(
      askAs(beta, openDirect, { to: alpha, body: { requesterAccount: "off", otherAccount: "ann" } }),
    ).rejects.toMatchObject({ reason: "account_disabled" });
  });

  // R120
  test("asks the home of that direct message and no other site", async ({ sites }) => {
    const { alpha, beta } = sites;
    await expect(
      askAs(beta, openDirect, { to: alpha, body: { requesterAccount: "bob", otherAccount: "ann" } }),
    ).rejects.toMatchObject({ reason: "directory_mismatch" });
    await expect(
      askAs(beta, openDirect, { to: alpha, body: { requesterAccount: "bob", otherAccount: "nobody" } }),
    ).rejects.toMatchObject({ reason: "user_not_found", metadata: { accounts: ["nobody"] } });
  });
});

describe("a ping", () => {
  test("is answered with the site's id and time", async ({ sites }) => {
    const { alpha, beta } = sites;
    const reply = await askAs(alpha, pingSite, { to: beta, body: {} });
    expect(reply.siteId).toBe(beta.siteId);
    expect(Number.isSafeInteger(reply.at)).toBe(true);
  });
});
