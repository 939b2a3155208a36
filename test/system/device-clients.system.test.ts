import type { Client, ClientEvent, DeviceStore, RoomReference } from "@parley/client/client";
import { connectParley } from "@parley/client/connect-node";
import { memoryDeviceStore } from "@parley/client/device-store.memory";
import type { Site } from "@parley/local-stack/site";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, expect, test } from "vitest";

import { untilLinked } from "../cast/company.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite } from "../cast/inspect-site.ts";

/** A client on a device, with everything it was told. */
interface OnDevice {
  readonly client: Client;
  readonly events: readonly ClientEvent[];
}

let stack: Stack;
const closing: Client[] = [];
const stores = { ann: memoryDeviceStore(), bob: memoryDeviceStore(), zoe: memoryDeviceStore() };
let ann: OnDevice;
let bob: OnDevice;
let zoe: OnDevice;

async function enterWith(site: Site, account: string, store?: DeviceStore): Promise<OnDevice> {
  const authentication = site.users.accounts[account];
  if (!authentication) throw new Error(`${account} is not at home at ${site.siteId}`);
  const client = await connectParley({
    servers: new URL(site.nats.url).host,
    siteId: site.siteId,
    account,
    authentication,
    ...(store && { device: { store } }),
  });
  closing.push(client);
  const events: ClientEvent[] = [];
  void (async () => {
    for await (const event of client.events()) events.push(event);
  })();
  return { client, events };
}

const isShown = ({ client }: OnDevice, room: RoomReference, content: string): boolean =>
  client.room(room.roomId)?.messages.some((message) => message.content === content) === true;

/** Whether all of them hold the same key of the version. */
async function holdOneKey(
  members: readonly OnDevice[],
  room: RoomReference,
  version: number,
): Promise<boolean> {
  const prints = await Promise.all(members.map(({ client }) => client.keyPrint(room.roomId, version)));
  return prints.every((print) => print !== undefined && print === prints[0]);
}

beforeAll(async () => {
  const directory = directoryFile("device-clients", [
    { account: "ann" },
    { account: "bob" },
    { account: "carl" },
    { account: "olga", sectId: "eng" },
    { account: "zoe", homeSite: "beta" },
  ]);
  stack = await startStack({ sites: 2, directory });
  const [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  ann = await enterWith(alpha, "ann", stores.ann);
  bob = await enterWith(alpha, "bob", stores.bob);
  zoe = await enterWith(beta, "zoe", stores.zoe);
  await untilLinked(ann.client, "beta");
});
afterAll(async () => {
  await Promise.all(closing.map((client) => client.close()));
  await stack.stop();
});

/** A room of ann's whose members all confirmed its key. */
async function openRoom(name: string, users: readonly string[]): Promise<RoomReference> {
  const room = await ann.client.createRoom({ name, users });
  await room.done;
  const isReached = async (): Promise<boolean> => (await ann.client.keyStatus(room)).pending === 0;
  expect(await happens(isReached)).toBe(true);
  return room;
}

test("devices at both sites open what is said, confirm each key, and find nobody in hiding", async () => {
  const carl = await enterWith(stack.site("alpha"), "carl");
  const room = await openRoom("Devices", ["bob", "carl", "zoe"]);
  const removal = await ann.client.removeMember(room, "carl");
  await removal.done;
  await ann.client.send(room, { content: "after carl" });
  for (const member of [ann, bob, zoe]) {
    expect(await happens(() => isShown(member, room, "after carl"))).toBe(true);
  }
  expect(await happens(() => holdOneKey([ann, bob, zoe], room, 1))).toBe(true);
  expect(await happens(async () => (await ann.client.keyStatus(room)).pending === 0)).toBe(true);
  expect(await ann.client.keyStatus(room)).toMatchObject({ version: 1, acked: 3, pendingOf: [] });
  for (const { client } of [ann, bob, zoe]) {
    expect(await happens(async () => (await client.checkRoster(room)) === "matches")).toBe(true);
  }
  const message = await bob.client.send(room, { content: "not for carl" });
  expect(await carl.client.explain(room, message.messageId)).toMatchObject({ reason: "after_you_left" });
  expect(
    [ann, bob, zoe].flatMap(({ events }) => events).filter(({ type }) => type === "roster_mismatch"),
  ).toEqual([]);
});

// K8
test("a device added while its account was away opens its rooms from the listing", async () => {
  const room = await openRoom("Later", ["bob"]);
  const laptop = await enterWith(stack.site("alpha"), "bob", memoryDeviceStore());
  expect(await holdOneKey([bob, laptop], room, 0)).toBe(true);
  expect((await laptop.client.devices()).map(({ deviceId }) => deviceId)).toContain(laptop.client.deviceId);
  await ann.client.send(room, { content: "to both" });
  for (const device of [bob, laptop]) {
    expect(await happens(() => isShown(device, room, "to both"))).toBe(true);
  }
});

test("a revoked device comes in no more, and what is said next is not for it", async () => {
  const room = await openRoom("Lost", ["bob"]);
  const store = memoryDeviceStore();
  const phone = await enterWith(stack.site("alpha"), "bob", store);
  const { deviceId = "" } = phone.client;
  expect(await bob.client.revokeDevice(deviceId)).toMatchObject({ status: "ok" });
  await ann.client.send(room, { content: "without the phone" });
  expect(await happens(() => isShown(bob, room, "without the phone"))).toBe(true);
  const { version } = await ann.client.keyStatus(room);
  expect(version).toBe(1);
  // History is the account's, whose credentials the phone still has; the key is its devices'.
  const isTold = (): boolean => phone.events.some(({ type }) => type === "unopened");
  expect(await happens(() => isTold() || isShown(phone, room, "without the phone"))).toBe(true);
  expect(await happens(() => holdOneKey([ann, bob], room, version))).toBe(true);
  expect(await phone.client.keyPrint(room.roomId, version)).toBeUndefined();
  await expect(phone.client.getKey(room, version)).rejects.toMatchObject({ reason: "device_not_enrolled" });
  await expect(enterWith(stack.site("alpha"), "bob", store)).rejects.toMatchObject({
    reason: "device_id_reused",
  });
});

// K12
test("rosters match in rooms of every kind, at both sites, whatever changed in them", async () => {
  const channel = await ann.client.createRoom({ name: "Kinds", users: ["bob"], orgs: ["eng"] });
  await channel.done;
  const direct = await ann.client.openDirect("zoe");
  await direct.done;
  const { client } = ann;
  const changes = [
    () => client.setPolicy(channel, { rekeyOnJoin: true }),
    () => client.addMembers(channel, { users: ["zoe"], history: "all" }),
    () => client.changeRole(channel, { account: "bob", role: "owner" }),
    () => client.renameRoom(channel, "All kinds"),
    () => client.removeMember(channel, "bob"),
    () => client.addMembers(channel, { users: ["bob"] }),
    () => client.removeOrg(channel, "eng"),
  ];
  for (const change of changes) {
    const job = await change();
    await job.done;
  }
  for (const room of [channel, direct]) {
    for (const member of [ann, zoe]) {
      const isMatch = async (): Promise<boolean> => (await member.client.checkRoster(room)) === "matches";
      expect(await happens(isMatch)).toBe(true);
    }
  }
  const told = [ann, bob, zoe].flatMap(({ events }) => events);
  expect(told.filter(({ type }) => type === "roster_mismatch")).toEqual([]);
});

// K12
test("a member whom the lists keep silent about is found by everybody else", async () => {
  const room = await openRoom("Haunted", ["bob"]);
  await using alpha = await inspectSite(stack.site("alpha"));
  const rows = alpha.mongo.database.collection("subscriptions");
  const { deletedCount } = await rows.deleteOne({ roomId: room.roomId, account: "bob" });
  expect(deletedCount).toBe(1);
  expect(await ann.client.checkRoster(room)).toBe("mismatch");
  expect(await happens(() => ann.events.some(({ type }) => type === "roster_mismatch"))).toBe(true);
  expect(ann.events.find(({ type }) => type === "roster_mismatch")).toMatchObject({
    roomId: room.roomId,
    siteId: "alpha",
    version: 0,
    revision: 1,
  });
});
