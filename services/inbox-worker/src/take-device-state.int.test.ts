import { canonicalSubjects } from "@parley/contract/events";
import { encodeJson } from "@parley/messaging/publish";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createChannel, person } from "@parley/room/test/fixtures";
import { expect, vi } from "vitest";

import { at, newSequence, newTrace, storyOf } from "../test/lane.ts";
import { newRoomId, test } from "../test/people-test.ts";
import type { LaneMessage } from "./read-arrival.ts";

const publicKey = toBase64(nodeSuite.generatePair().publicKey);
const device = { deviceId: "d".repeat(20), publicKey, registeredAt: 5 };

// R103, R124
test("a peer's account has the devices its site told last, and a revocation makes its rooms here due for another key", async ({
  worker,
}) => {
  const { home: peer, other, siteId, database } = worker;
  const [bob, zoe] = [at(peer, "bob"), at(siteId, "zoe")];
  for (const { account, siteId: homeSite } of [bob, zoe]) await worker.knows(account, homeSite);
  const limits = { maxRoomSize: 10, maxBatchSize: 10, knownSites: new Set([peer, siteId]) };
  const creator = person("ann", { siteId });
  const hosted = async (users: readonly (typeof bob)[]): Promise<string> => {
    const roomId = newRoomId();
    const [created] = storyOf(createChannel({ users: [...users] }, { siteId, roomId, creator, limits }));
    if (!created) throw new Error("nothing happened");
    await worker.host(created.state);
    return roomId;
  };
  const [withBob, without] = [await hosted([bob, zoe]), await hosted([zoe])];
  const elsewhere = worker.story(other);
  await worker.send(...elsewhere.lane);
  await vi.waitFor(async () => expect(await worker.replicas.find(elsewhere.roomId)).toBeDefined(), 5000);

  const state = { account: "bob", siteId: peer, revision: 2, devices: [device] };
  const say = (said: object, from = peer): LaneMessage => ({
    subject: canonicalSubjects.outboxDevices.of({ siteId: from, dest: siteId }),
    payload: encodeJson(said),
    trace: newTrace(),
    streamSequence: newSequence(),
  });
  const devices = mongoDeviceStore(database);
  /** The document as it is: these rooms have no event applied, so nobody is served them. */
  const dueOf = async (roomId: string): Promise<{ at: number } | undefined> => {
    const room = await database
      .collection<{ _id: string; rekeyDue?: { at: number } }>("rooms")
      .findOne({ _id: roomId });
    return room?.rekeyDue;
  };
  const parkedBefore = (await worker.dead("malformed")).length;

  // Twice, an older one last; then one for somebody else's account, in either name.
  await worker.send(say(state), say(state), say({ ...state, revision: 1, devices: [] }));
  await worker.send(say({ ...state, siteId: other }, other), say({ ...state, account: "zoe" }));
  await worker.send(say({ ...state, account: "zoe", siteId }));
  await vi.waitFor(async () => expect(await worker.dead("malformed")).toHaveLength(parkedBefore + 3), 5000);
  expect(new Set((await worker.dead("malformed")).slice(parkedBefore))).toEqual(
    new Set(["a peer speaks for an account of another site"]),
  );
  await vi.waitFor(async () => expect(await devices.list("bob")).toEqual([device]), 5000);
  expect(await devices.list("zoe")).toEqual([]);
  expect(await dueOf(withBob)).toBeUndefined();

  const before = Date.now();
  await worker.send(say({ ...state, revision: 3, devices: [], revokedAt: 9 }));
  await vi.waitFor(async () => expect(await dueOf(withBob)).toBeDefined(), 5000);
  expect(await devices.list("bob")).toEqual([]);
  // In this site's time, which is that of its rooms' events.
  const due = await dueOf(withBob);
  expect(due?.at).toBeGreaterThan(before - 60_000);
  for (const untouched of [without, elsewhere.roomId]) expect(await dueOf(untouched)).toBeUndefined();

  // The same revocation again, with a device more: nothing new is due.
  await worker.send(say({ ...state, revision: 4, revokedAt: 9 }));
  await vi.waitFor(async () => expect(await devices.list("bob")).toEqual([device]), 5000);
  expect(await dueOf(withBob)).toEqual(due);
  expect(await mongoRoomDocumentStore(database).progress(withBob)).toEqual({ applied: 0 });
});
