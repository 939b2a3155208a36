import { ParleyError, type RoomReference } from "@parley/client/client";
import { registerDevice, revokeDevice } from "@parley/contract/devices";
import { LIMITS } from "@parley/contract/limits";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoRoomSnapshotStore } from "@parley/mongo/room-snapshot-store.mongo";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { afterAll, beforeAll, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

const worker = {
  environment: {
    CONSUMER_ACK_WAIT_MS: "1000",
    CONSUMER_PIN_TIMEOUT_MS: "1500",
    PARLEY_TEST_DELIVER_TWICE: "1",
  },
};
const CATCH_UP_MS = 60_000;
/** One attempt and no more: the caller is to see that nobody answers (ms). */
const ONE_ATTEMPT = { timeoutMs: 2000, deadlineMs: 0 };

let stack: Stack;
let alpha: Site;
let beta: Site;
let atAlpha: Inspection;
let atBeta: Inspection;
/** At home at alpha, with devices. */
let ann: Actor;
let dan: Actor;
/** Send what is looked at: bob from alpha, carol from beta, neither with a device. */
let bob: Actor;
let carol: Actor;

beforeAll(async () => {
  stack = await startStack({
    sites: 2,
    directory: directoryFile("device-revoked", [
      { account: "ann" },
      { account: "dan" },
      { account: "bob" },
      { account: "carol", homeSite: "beta" },
    ]),
    processes: {
      "room-service": {},
      "message-service": {},
      "broadcast-worker": {},
      "room-worker": worker,
      "inbox-worker": worker,
    },
  });
  [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  [atAlpha, atBeta] = await Promise.all([inspectSite(alpha), inspectSite(beta)]);
  [ann, dan, bob] = await Promise.all([enter(alpha, "ann"), enter(alpha, "dan"), enter(alpha, "bob")]);
  carol = await enter(beta, "carol");
});
afterAll(async () => {
  for (const actor of [ann, dan, bob, carol]) await actor[Symbol.asyncDispose]();
  for (const inspection of [atAlpha, atBeta]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

let devices = 0;

/** Registers a device of the actor at its site, as a client library would; answers its id. */
async function newDevice(actor: Actor): Promise<string> {
  const deviceId = String((devices += 1)).padStart(20, "D");
  const publicKey = toBase64(nodeSuite.generatePair().publicKey);
  await actor.client.request(registerDevice, {
    tokens: { siteId: alpha.siteId },
    body: { deviceId, publicKey },
  });
  return deviceId;
}

const revoke = (actor: Actor, deviceId: string, options: object = {}) =>
  actor.client.request(revokeDevice, { tokens: { siteId: alpha.siteId }, body: { deviceId }, ...options });

/** A room that `by` opens at its own site, known to all its members. */
async function openRoom(by: Actor, users: readonly Actor[]): Promise<RoomReference> {
  const room = await by.client.createRoom({ name: "Due", users: users.map(({ account }) => account) });
  await room.done;
  const known = () => users.every(({ client }) => client.room(room.roomId) !== undefined);
  expect(await happens(known, CATCH_UP_MS)).toBe(true);
  return room;
}

const roomAt = (site: Inspection, { roomId }: RoomReference) =>
  mongoRoomDocumentStore(site.mongo.database).find(roomId);
const isDue = async (site: Inspection, room: RoomReference): Promise<boolean> =>
  (await roomAt(site, room))?.rekeyDue !== undefined;

/** Sends a message and answers the version that it is sealed under on the wire. */
async function versionOfNext(by: Actor, room: RoomReference): Promise<number> {
  const content = `message ${crypto.randomUUID()}`;
  const { messageId } = await by.client.send(room, { content });
  expect(await happens(() => by.opened(room.roomId).includes(content), CATCH_UP_MS)).toBe(true);
  const onTheWire = () => by.overheard.filter(({ id }) => id === messageId);
  expect(await happens(() => onTheWire().length > 0)).toBe(true);
  const versions = new Set(onTheWire().map(({ sealed }) => sealed.version));
  expect(versions.size).toBe(1);
  return [...versions][0] ?? -1;
}

/** Has the room's last rotation for a device lie ten minutes back, for room-service and for message-service. */
async function letTenMinutesPass(site: Inspection, of: Site, room: RoomReference): Promise<void> {
  const { roomId } = room;
  const { state } = await site.verify(roomId);
  const head = await site.reader.head(roomId);
  if (!state?.dueRotatedAt || !head) throw new Error("the room never rotated for a device");
  const dueRotatedAt = state.dueRotatedAt - LIMITS.dueRotationPauseMs;
  const { database } = site.mongo;
  const aged = { state: { ...state, dueRotatedAt }, streamSequence: head.streamSequence };
  await mongoRoomSnapshotStore(database).save(aged);
  await database.collection<{ _id: string }>("rooms").updateOne({ _id: roomId }, { $set: { dueRotatedAt } });
  // It holds the room in memory.
  const service = of.processes.findLast(({ name }) => name.startsWith("room-service"));
  await service?.stop();
  await of.startProcess("room-service");
}

// R124
test("a revoked device: each room it could read, at either site, changes its key with its next message, once in ten minutes", async () => {
  const [phone, tablet] = [await newDevice(ann), await newDevice(ann)];
  await newDevice(ann);
  const [near, quiet] = [await openRoom(bob, [ann, carol]), await openRoom(bob, [ann])];
  const far = await openRoom(carol, [ann, bob]);
  const without = await openRoom(bob, [carol]);
  for (const room of [near, far, without]) expect(await versionOfNext(bob, room)).toBe(0);

  await revoke(ann, phone);
  expect(await isDue(atAlpha, near)).toBe(true);
  expect(await happens(() => isDue(atBeta, far), CATCH_UP_MS)).toBe(true);
  expect(await mongoDeviceStore(atBeta.mongo.database).list("ann")).toHaveLength(2);
  expect(await isDue(atAlpha, without)).toBe(false);

  for (const room of [near, far]) expect(await versionOfNext(bob, room)).toBe(1);
  for (const room of [near, far]) expect(await versionOfNext(carol, room)).toBe(1);
  expect(await versionOfNext(bob, without)).toBe(0);
  for (const [site, room] of [
    [atAlpha, near],
    [atBeta, far],
  ] as const)
    expect(await happens(async () => !(await isDue(site, room)))).toBe(true);

  // Within ten minutes: due, and yet the key stays.
  await revoke(ann, tablet);
  expect(await happens(() => isDue(atBeta, far), CATCH_UP_MS)).toBe(true);
  for (const room of [near, far]) expect(await versionOfNext(bob, room)).toBe(1);

  await letTenMinutesPass(atAlpha, alpha, near);
  await letTenMinutesPass(atBeta, beta, far);
  for (const room of [near, far]) expect(await versionOfNext(bob, room)).toBe(2);

  // Nothing was said there: two devices are gone, and the key they had has never been of use.
  expect(await roomAt(atAlpha, quiet)).toMatchObject({ keyVersion: 0, applied: 1 });
  expect(await isDue(atAlpha, quiet)).toBe(true);
  for (const [site, room] of [
    [atAlpha, near],
    [atAlpha, quiet],
    [atBeta, far],
  ] as const)
    expect((await site.verify(room.roomId)).differences).toEqual([]);
});

// R124
test("room-service killed between the revocation and OUTBOX: the repeat has both sites' rooms change their key", async () => {
  const [deviceId] = [await newDevice(dan), await newDevice(dan)];
  const near = await openRoom(bob, [dan]);
  const far = await openRoom(carol, [dan, bob]);
  const known = async () => (await mongoDeviceStore(atBeta.mongo.database).list("dan")).length;
  expect(await happens(async () => (await known()) === 2, CATCH_UP_MS)).toBe(true);

  await alpha.processes.findLast(({ name }) => name.startsWith("room-service"))?.stop();
  const doomed = await alpha.startProcess("room-service", {
    PARLEY_TEST_STOP_AFTER: "device.revoke:0:SIGKILL",
  });
  await expect(revoke(dan, deviceId, ONE_ATTEMPT)).rejects.toBeInstanceOf(ParleyError);
  await doomed.untilExit();
  expect(await mongoDeviceStore(atAlpha.mongo.database).list("dan")).toHaveLength(1);
  expect([await isDue(atAlpha, near), await isDue(atBeta, far), await known()]).toEqual([false, false, 2]);
  // Nobody has been told that it is revoked, and nothing changes until somebody is.
  expect(await versionOfNext(bob, near)).toBe(0);

  await alpha.startProcess("room-service");
  const { revokedAt } = await revoke(dan, deviceId);
  expect(await revoke(dan, deviceId)).toEqual({ status: "unchanged", revokedAt });
  expect(await isDue(atAlpha, near)).toBe(true);
  expect(await happens(() => isDue(atBeta, far), CATCH_UP_MS)).toBe(true);
  expect(await known()).toBe(1);
  for (const room of [near, far]) expect(await versionOfNext(bob, room)).toBe(1);
});
