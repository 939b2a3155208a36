import { getKey, getRoom, listMembers, type MemberRow } from "@parley/contract/room-requests";
import { listHistory } from "@parley/contract/messages";
import { expect, inject, onTestFinished, test } from "vitest";

import { keyText } from "../test/peer-row.ts";
import { listing, newKey, openPeerSite, peerRoom } from "../test/peer-site.ts";
import { connectAnn, next } from "../test/stage.ts";
import { takeDevices, wrapped } from "../test/peer-device.ts";
import type { ClientEvent } from "./client-events.ts";
import { memoryDeviceStore } from "./device-store.memory.ts";
import { shownDigest } from "./roster-check.ts";

const member = (account: string, siteId: string): MemberRow => ({
  account,
  userId: "aSq00HrEHIPae2UHp",
  siteId,
  kind: "person",
  name: account,
  role: "member",
  individual: true,
  viaOrgs: [],
  joinedAt: 1,
  keyFrom: 0,
});

/** A home whose lists show ann and bob, and whose keys are handed out for `holders`. */
async function stage(holders: readonly string[], { checkRosters = true } = {}) {
  const site = await openPeerSite(inject("natsUrl"));
  onTestFinished(() => site[Symbol.asyncDispose]());
  const devices = await takeDevices(site);
  const home = peerRoom(site);
  const rows = (accounts: readonly string[]) => accounts.map((account) => member(account, site.siteId));
  const { room, subscription } = home.row();
  const rosterDigest = shownDigest({ room, members: rows(holders), orgs: [] });
  const key = { pair: newKey(), version: 0, rosterDigest, revision: room.revision };
  await listing(site, () => devices.map((device) => home.row({ handed: wrapped(home, device, key) })));
  await site.answer(listHistory, () => ({ messages: [] }));
  await site.answer(getRoom, () => ({ room, subscription, stale: false }));
  await site.answer(listMembers, () => ({
    members: rows(["ann", "bob"]),
    orgs: [],
    total: 2,
    revision: room.revision,
    stale: false,
  }));
  await site.answer(getKey, () => ({
    ...home,
    ...(devices[0] && wrapped(home, devices[0], key)),
    version: 0,
    privateKey: keyText(key.pair),
  }));
  const connected = await connectAnn(site, { checkRosters, device: { store: memoryDeviceStore() } });
  return { site, home, ...connected };
}

/** How many are told until the events end. */
async function mismatchesLeft(events: AsyncIterator<ClientEvent>): Promise<number> {
  let count = 0;
  for (let read = await events.next(); read.done !== true; read = await events.next()) {
    if (read.value.type === "roster_mismatch") count += 1;
  }
  return count;
}

// K12
test("a key that is also for somebody whom the list does not show is told, by itself and once", async () => {
  const { home, client, events } = await stage(["ann", "bob", "ghost"]);
  const { roomId, siteId } = home;
  expect(await next(events, "roster_mismatch")).toEqual({
    type: "roster_mismatch",
    roomId,
    siteId,
    version: 0,
    revision: 1,
  });
  expect(await client.checkRoster(home)).toBe("mismatch");
  await client.close();
  expect(await mismatchesLeft(events)).toBe(0);
});

test("a key that is for the members shown is told of by nobody", async () => {
  const { site, home, client, events } = await stage(["ann", "bob"]);
  await expect.poll(() => site.asked(listMembers).length, { timeout: 5000 }).toBe(1);
  expect(await client.checkRoster(home)).toBe("matches");
  await client.close();
  expect(await mismatchesLeft(events)).toBe(0);
});

test("rosters are compared only when asked for, where that is wished", async () => {
  const { site, home, client } = await stage(["ann", "bob"], { checkRosters: false });
  expect(await client.checkRoster(home)).toBe("matches");
  expect(site.asked(getRoom)).toHaveLength(1);
});
