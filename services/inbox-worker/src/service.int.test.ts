import { OUTBOX_TYPES } from "@parley/contract/federation";
import { byteOrder } from "@parley/contract/ids";
import { encodeJson } from "@parley/messaging/publish";
import { createChannel, createDirect, person, setRole } from "@parley/room/test/fixtures";
import { expect, vi } from "vitest";

import { at, laneMessage, snapshotMessage, storyOf } from "../test/lane.ts";
import { newRoomId, test } from "../test/people-test.ts";
import type { LaneMessage } from "./read-arrival.ts";

test("INBOX is declared to source each peer's lane through its domain", ({ worker }) => {
  const { siteId, home, other, declared } = worker;
  expect(
    declared?.map(({ name, filter_subject, external }) => [name, filter_subject, external]),
  ).toMatchObject(
    [home, other].map((peer) => [
      `OUTBOX_${peer}`,
      `outbox.${peer}.${siteId}.>`,
      { api: `$JS.${peer}.API`, deliver: `lane.${peer}.${siteId}` },
    ]),
  );
});

test("what a peer's OUTBOX holds for this site becomes a replica, though nobody there answers for keys", async ({
  worker,
}) => {
  const { roomId, lane, log } = worker.story(worker.home, setRole("ann", "bob", "owner"));
  await worker.send(...lane);
  await worker.settled(worker.home, lane.length);
  const { state } = (await worker.replicas.find(roomId)) ?? {};
  expect(state).toEqual({ ...log.at(-1)?.state, recentRequests: [] });
  expect(worker.log.events()).toContain("room_key_copy_parked");
  expect(await worker.dead("key_not_copied")).toEqual(["key v0 was not copied from its home"]);
});

// R103
test("what no peer may say is parked, changes nothing and delays nobody", async ({ worker }) => {
  const { home, other, siteId } = worker;
  const { roomId, log, lane } = worker.story(home);
  const [first] = log;
  if (!first) throw new Error("nothing happened");
  const healthy = worker.story(other);
  const foreign = {
    ...snapshotMessage(first.state, siteId),
    subject: `outbox.${other}.${siteId}.${roomId}.snapshot`,
  };
  const garbage = laneMessage({
    siteId: other,
    dest: siteId,
    roomId,
    type: "x",
    payload: encodeJson("no event"),
  });
  const stolen = snapshotMessage({ ...first.state, siteId: other, revision: 9 }, siteId);
  await worker.send(...lane);
  await vi.waitFor(
    async () => expect(await worker.replicas.find(roomId)).toMatchObject({ applied: 1 }),
    5000,
  );
  await worker.send(foreign, garbage, stolen, ...healthy.lane);
  await worker.settled(other, 4);

  expect((await worker.dead("malformed")).toSorted()).toEqual([
    "a peer speaks of a room homed elsewhere",
    "a peer speaks of a room homed elsewhere",
    "the bytes are not an event envelope",
  ]);
  expect(await worker.replicas.find(roomId)).toMatchObject({ siteId: home, applied: 1 });
  expect(await worker.replicas.find(healthy.roomId)).toMatchObject({ siteId: other, applied: 1 });
});

// R103
test("a peer that speaks first of a direct message homed elsewhere is parked, and the true home is heard", async ({
  worker,
}) => {
  const { home, other, siteId, userIdOf } = worker;
  // Whose id sorts first decides where their direct message lives.
  const [first = "", second = ""] = ["dm-one", "dm-two"].toSorted((a, b) =>
    byteOrder(userIdOf(a), userIdOf(b)),
  );
  await worker.knows(first, home);
  await worker.knows(second, siteId);
  const pair = [person(first, { siteId: home }), at(siteId, second)].map((somebody) => ({
    ...somebody,
    userId: userIdOf(somebody.account),
  }));
  const [requester, counterpart] = pair;
  if (!requester || !counterpart) throw new Error("a direct message has two users");
  const limits = { maxRoomSize: 10, maxBatchSize: 10, knownSites: new Set([home, other, siteId]) };
  const open = createDirect(requester, counterpart);
  const ofHome = storyOf({ ...open, siteId: home, limits });
  const ofLiar = storyOf({ ...open, siteId: other, limits, requester: { ...requester, siteId: other } });
  const [truth, lie] = [ofHome, ofLiar].map(([created]) => created);
  if (!truth || !lie) throw new Error("nothing happened");
  const { roomId } = truth.event;
  const before = (await worker.dead("malformed")).length;
  const parked = async (count: number) =>
    vi.waitFor(async () => expect(await worker.dead("malformed")).toHaveLength(before + count), 5000);

  // An event to wait for, a snapshot to apply, and a type that only a newer release knows.
  await worker.send(laneMessage({ ...lie.event, dest: siteId, payload: lie.bytes }));
  await worker.send(snapshotMessage(lie.state, siteId));
  await worker.send(
    laneMessage({ ...lie.event, dest: siteId, payload: encodeJson({ ...lie.event, type: "room_painted" }) }),
  );
  await parked(3);
  expect(new Set((await worker.dead("malformed")).slice(before))).toEqual(
    new Set(["a peer speaks of a direct message homed elsewhere"]),
  );
  expect(await worker.replicas.find(roomId)).toBeUndefined();

  await worker.send(snapshotMessage(truth.state, siteId));
  await vi.waitFor(
    async () => expect(await worker.replicas.find(roomId)).toMatchObject({ siteId: home, applied: 1 }),
    5000,
  );
  await worker.send(snapshotMessage({ ...lie.state, revision: 9 }, siteId));
  await parked(4);
  expect(await worker.replicas.find(roomId)).toMatchObject({ siteId: home, applied: 1 });
});

// R103
test("what a peer's account read in a room of this site raises its row, and nothing else a peer says of it does", async ({
  worker,
}) => {
  const { home: peer, other, siteId, host, rowOf } = worker;
  const [bob, zoe, gil] = [at(peer, "bob"), at(siteId, "zoe"), at(peer, "gil")];
  for (const { account, siteId: homeSite } of [bob, zoe, gil]) await worker.knows(account, homeSite);
  const roomId = newRoomId();
  const limits = { maxRoomSize: 10, maxBatchSize: 10, knownSites: new Set([peer, siteId]) };
  const creator = person("ann", { siteId });
  const [created] = storyOf(createChannel({ users: [bob, zoe] }, { siteId, roomId, creator, limits }));
  if (!created) throw new Error("nothing happened");
  await host(created.state);
  const replica = worker.story(other);
  await worker.send(...replica.lane);
  const joinedAt = created.state.members.get("bob")?.joinedAt ?? 0;
  const state = { roomId, account: "bob", siteId: peer, joinedAt, lastSeenAt: joinedAt + 70 };
  const say = (said: typeof state, of: { siteId?: string; roomId?: string } = {}): LaneMessage =>
    laneMessage({
      siteId: peer,
      dest: siteId,
      roomId: said.roomId,
      type: OUTBOX_TYPES.memberState,
      payload: encodeJson(said),
      ...of,
    });
  const [before, parkedBefore] = [await rowOf(roomId, "bob"), (await worker.dead("malformed")).length];
  await vi.waitFor(async () => expect(await worker.replicas.find(replica.roomId)).toBeDefined(), 5000);

  // Twice, an older one last, and one of an earlier membership.
  await worker.send(say(state), say(state), say({ ...state, lastSeenAt: joinedAt + 60 }));
  await worker.send(say({ ...state, joinedAt: joinedAt - 1, lastSeenAt: joinedAt + 90 }));
  // Of a member who was removed or never was one, in a room that is here: nothing to raise, nothing wrong.
  await worker.send(say({ ...state, account: "gil" }));
  // For an account of this site, in its own name and in this one's; by a site it is not at home at; of rooms of others.
  await worker.send(say({ ...state, account: "zoe" }), say({ ...state, account: "zoe", siteId }));
  await worker.send(say({ ...state, siteId: other }, { siteId: other }));
  await worker.send(say({ ...state, roomId: replica.roomId }), say({ ...state, roomId: newRoomId() }));
  await vi.waitFor(async () => expect(await worker.dead("malformed")).toHaveLength(parkedBefore + 5), 5000);

  const changedAt = expect.any(Date);
  expect(await rowOf(roomId, "bob")).toEqual({ ...before, lastSeenAt: joinedAt + 70, changedAt });
  expect(await rowOf(roomId, "zoe")).not.toHaveProperty("lastSeenAt");
  expect(await rowOf(roomId, "gil")).toBeNull();
  expect((await worker.dead("malformed")).slice(parkedBefore).toSorted()).toEqual([
    "a peer says who has read in a room homed elsewhere",
    "a peer says who has read in a room homed elsewhere",
    "a peer speaks for an account of another site",
    "a peer speaks for an account of another site",
    "a peer speaks for an account of another site",
  ]);
  expect(await worker.replicas.find(replica.roomId)).toMatchObject({ applied: 1 });
});
