import type { CanonicalEvent } from "@parley/contract/events";
import { roomFilter } from "@parley/contract/events";
import { serviceInboxPrefix } from "@parley/contract/headers";
import { ensureKeyRequestIdOf } from "@parley/contract/ids";
import { getKey } from "@parley/contract/room-requests";
import { ensureKey } from "@parley/contract/server-requests";
import { streamName } from "@parley/contract/streams";
import { askProcess } from "@parley/messaging/ask-process";
import { traceOf } from "@parley/messaging/trace";
import { openKeyRecords } from "@parley/site/test/key-records";
import type { TestClients } from "@parley/site/test/test-clients";
import type { TestSite } from "@parley/site/test/test-site";
import { randomUUID } from "node:crypto";
import { describe, expect } from "vitest";

import { test as base } from "./room-service-test.ts";

interface Ensured {
  readonly roomId: string;
  readonly version?: number;
  readonly rotate?: boolean;
}

const test = base
  .extend("records", { scope: "file" }, async ({}, { onCleanup }) => {
    const records = await openKeyRecords();
    onCleanup(() => records[Symbol.asyncDispose]());
    return records;
  })
  .extend("ensure", { scope: "file" }, ({ site, service }) => async (body: Ensured) => {
    if (!service.readiness.report().ready) throw new Error("room-service is not ready");
    const tokens = { siteId: site.siteId, fromSite: site.siteId };
    return askProcess(site.broker, ensureKey, { tokens, body, trace: traceOf(undefined, randomUUID()) });
  });

/** The accounts a version went out to, and the different keys it went out with. */
function keysOf({ seen }: TestClients, roomId: string, version: number) {
  const sent = seen.filter(
    ({ subject, body }) =>
      subject.endsWith(".room.key") && body["roomId"] === roomId && body["version"] === version,
  );
  return {
    to: new Set(sent.map(({ subject }) => subject.split(".")[3])),
    keys: new Set(sent.map(({ body }) => body["privateKey"])),
  };
}

async function logOf({ broker, siteId }: TestSite, roomId: string): Promise<CanonicalEvent[]> {
  const events: CanonicalEvent[] = [];
  const messages = await broker.manager.direct.getBatch(streamName("ROOMS", siteId), {
    seq: 1,
    batch: 100,
    next_by_subj: roomFilter({ siteId, roomId }),
  });
  for await (const message of messages) events.push(message.json());
  return events;
}

const keySeen = (clients: TestClients, of: { account: string; roomId: string; version: number }) =>
  clients.first(
    ({ subject, body }) =>
      subject.includes(`.${of.account}.`) &&
      subject.endsWith(".room.key") &&
      body["roomId"] === of.roomId &&
      body["version"] === of.version,
    `version ${of.version} for ${of.account}`,
  );

describe("a key that the store lost", () => {
  // R56
  test("does not hold up membership, and is rotated once for everybody", async ({
    clients,
    rooms,
    records,
    site,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    await records.forget(roomId);
    await rooms.settled(rooms.add("ann", roomId, { users: ["dan"] }));
    for (const account of ["ann", "bob", "dan"]) await keySeen(clients, { account, roomId, version: 1 });
    await rooms.settled(rooms.add("ann", roomId, { users: ["eve"] }));
    expect((await logOf(site, roomId)).map(({ type }) => type)).toEqual([
      "room_created",
      "members_added",
      "key_rotated",
      "members_added",
    ]);
    expect(keysOf(clients, roomId, 0).to).toEqual(new Set(["ann", "bob"]));
    expect(keysOf(clients, roomId, 1).keys.size).toBe(1);
    expect(await clients.ask("dan", getKey, { tokens: { roomId } })).toMatchObject({ version: 1 });
  });

  // R56
  test("is rotated once per version, however many ask", async ({ clients, rooms, records, ensure, site }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    await records.forget(roomId);
    const replies = await Promise.all(Array.from({ length: 8 }, () => ensure({ roomId, version: 0 })));
    expect(new Set(replies.map(({ status }) => status)).has("accepted")).toBe(true);
    await keySeen(clients, { account: "bob", roomId, version: 1 });
    await expect
      .poll(async () => ensure({ roomId, version: 0 }))
      .toEqual({ roomId, version: 1, status: "ok" });
    expect(JSON.stringify(replies)).not.toContain("rivate");
    const rotations = (await logOf(site, roomId)).filter(({ type }) => type === "key_rotated");
    expect(rotations).toMatchObject([
      {
        data: { reason: "lost", rekey: { from: 0, to: 1 } },
        actor: { account: "system", kind: "system" },
        requestId: ensureKeyRequestIdOf({ roomId, keyVersion: 0 }),
      },
    ]);
  });

  // R112
  test("set back to an earlier one is rotated past both, and no version has two keys", async ({
    clients,
    rooms,
    records,
  }) => {
    const roomId = await rooms.channel("ann", { users: ["bob", "dan"] });
    const setBack = await records.note(roomId);
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    await setBack();
    await rooms.settled(rooms.role("ann", roomId, { account: "dan", role: "owner" }));
    await keySeen(clients, { account: "dan", roomId, version: 2 });
    for (const version of [0, 1, 2]) expect(keysOf(clients, roomId, version).keys.size).toBe(1);
    expect(keysOf(clients, roomId, 1).to).toEqual(new Set(["ann", "dan"]));
    expect(keysOf(clients, roomId, 2).to).toEqual(new Set(["ann", "dan"]));
  });
});

describe("ensurekey", () => {
  test("leaves alone what is held, passed or not there yet", async ({ rooms, ensure }) => {
    const roomId = await rooms.channel("ann", { users: ["bob"] });
    expect(await ensure({ roomId })).toEqual({ roomId, version: 0, status: "ok" });
    expect(await ensure({ roomId, version: 1 })).toEqual({ roomId, version: 1, status: "pending" });
    await rooms.settled(rooms.remove("ann", roomId, { account: "bob" }));
    expect(await ensure({ roomId, version: 0 })).toEqual({ roomId, version: 1, status: "ok" });
    expect(await ensure({ roomId, version: 0, rotate: true })).toEqual({ roomId, version: 1, status: "ok" });
  });

  test("rotates a held version on demand, once", async ({ clients, rooms, ensure, site }) => {
    const roomId = await rooms.channel("ann");
    await Promise.all([
      ensure({ roomId, version: 0, rotate: true }),
      ensure({ roomId, version: 0, rotate: true }),
    ]);
    await keySeen(clients, { account: "ann", roomId, version: 1 });
    const rotations = (await logOf(site, roomId)).filter(({ type }) => type === "key_rotated");
    expect(rotations.map(({ data }) => data)).toEqual([{ reason: "requested", rekey: { from: 0, to: 1 } }]);
  });

  test("knows only rooms of its own site, for its own site", async ({ rooms, ensure, site }) => {
    const { siteId, broker } = site;
    const missing = "0000000000000None";
    await expect(ensure({ roomId: missing })).rejects.toMatchObject({ reason: "room_not_found" });
    await expect(ensure({ roomId: missing, version: 0, rotate: true })).rejects.toMatchObject({
      reason: "room_not_found",
    });
    const roomId = await rooms.channel("ann");
    const reply = await broker.connection.request(
      ensureKey.subject.of({ siteId, fromSite: "site-far" }),
      JSON.stringify({ roomId }),
      { timeout: 5000, noMux: true, reply: `${serviceInboxPrefix("site-far")}.1` },
    );
    expect(reply.json()).toMatchObject({ reason: "site_not_participating" });
  });
});
