import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createWrapper } from "@parley/room-crypto/wrapper";
import { valkeyKeyAckStore } from "@parley/room-keys/key-ack-store.valkey";
import type { KeyDelivery } from "@parley/room-keys/hand-key";
import { rosterDigestOf } from "@parley/room/roster-hash";
import type { TestClients } from "@parley/site/test/test-clients";
import type { TestSite } from "@parley/site/test/test-site";
import { openTestValkey } from "@parley/site/test/test-valkey";
import { describe, expect } from "vitest";

import { enrol } from "../test/enrol.ts";
import { createTestWorker, test as base } from "../test/room-worker-test.ts";
import type { SiteRooms, Step } from "../test/site-rooms.ts";
import { createDeliverKey } from "./deliver-key.ts";
import { createResendKey } from "./resend-key.ts";

const test = base.extend("acks", { scope: "file" }, async ({}, { onCleanup }) => {
  const valkey = await openTestValkey();
  onCleanup(() => valkey[Symbol.asyncDispose]());
  return valkeyKeyAckStore(valkey.client);
});

interface Of {
  readonly site: TestSite;
  readonly clients: TestClients;
  readonly rooms: SiteRooms;
  readonly acks: ReturnType<typeof valkeyKeyAckStore>;
}

/** A room of ann, bob, cat and dan after `steps`, and what its re-sends are made of. */
async function openRoom(
  { site, clients, rooms, acks }: Of,
  steps: readonly Step[] = [],
  delivery: KeyDelivery = "open",
) {
  const worker = createTestWorker(site, { delivery });
  const room = rooms.channel({ users: ["bob", "cat", "dan"] });
  const { roomId } = room;
  await worker.receive({ stored: await room.append(), deliveries: 1 });
  const append = async (step: Step) => worker.receive({ stored: await room.append(step), deliveries: 1 });
  for (const step of steps) await append(step);
  await acks.expect(roomId, room.state()?.keyVersion ?? 0);
  const { broker, siteId, database } = site;
  const { keys, recorder } = worker;
  const wrapper = createWrapper({ suite: nodeSuite, now: () => performance.now() });
  const resendKey = createResendKey({
    siteId,
    keys,
    rooms: worker.rooms,
    subscriptions: mongoSubscriptionStore(database),
    devices: mongoDeviceStore(database),
    acks,
    deliver: createDeliverKey({ broker, recorder, concurrency: 32, wrapper }),
    delivery,
    recorder,
    now: () => Date.now(),
  });
  await clients.flush();
  const before = clients.seen.length;
  return {
    room,
    roomId,
    keys,
    append,
    resend: () => resendKey(roomId),
    ack: (account: string, version: number, deviceId?: string) =>
      acks.acknowledge([{ roomId, account, version, deviceId }]),
    resends: () => recorder.total("room_key_resends_total"),
    /** The notices of the key that came since the room was opened. */
    sentAgain: async () => {
      await clients.flush();
      return clients.seen
        .slice(before)
        .filter(({ subject, body }) => subject.endsWith(".room.key") && body["roomId"] === roomId)
        .map(({ subject, body }) => ({ account: subject.split(".")[3] ?? "", body }));
    },
  };
}

const accountsOf = (sent: readonly { account: string }[]) => sent.map(({ account }) => account);

describe("a key sent again", () => {
  // K10
  test("goes to those alone who have not acknowledged that version, and says its roster", async ({
    site,
    clients,
    rooms,
    acks,
  }) => {
    const room = await openRoom({ site, clients, rooms, acks }, [{ rotate: true }]);
    await room.ack("ann", 1);
    await room.ack("bob", 0);
    expect(await room.resend()).toBe("sent");
    const sent = await room.sentAgain();
    expect(accountsOf(sent).toSorted()).toEqual(["bob", "cat", "dan"]);
    const key = await room.keys.get(room.roomId);
    const state = room.room.state();
    expect(sent[0]?.body).toMatchObject({
      version: 1,
      privateKey: Buffer.from(key?.pair.privateKey ?? []).toString("base64"),
      rosterDigest: state && rosterDigestOf(state),
      revision: 2,
    });
    expect(room.resends()).toBe(3);
  });

  test("is wrapped for the devices alone that have not acknowledged it", async ({
    site,
    clients,
    rooms,
    acks,
  }) => {
    const [phone, tablet] = [await enrol(site, "eve"), await enrol(site, "eve")];
    const room = await openRoom({ site, clients, rooms, acks }, [{ add: { users: ["eve", "fay"] } }]);
    for (const account of ["ann", "bob", "cat", "dan", "fay"]) await room.ack(account, 0);
    await room.ack("eve", 0, phone.deviceId);
    // An ack of the account itself, from before it had devices, stands for none of them.
    await room.ack("eve", 0);
    expect(await room.resend()).toBe("sent");
    const [sent, ...more] = await room.sentAgain();
    expect(more).toEqual([]);
    expect(Object.keys(sent?.body["devices"] ?? {})).toEqual([tablet.deviceId]);
    const key = await room.keys.get(room.roomId);
    expect(tablet.opens(sent?.body ?? {})).toBe(Buffer.from(key?.pair.privateKey ?? []).toString("base64"));

    await room.ack("eve", 0, tablet.deviceId);
    expect(await room.resend()).toBe("reached");
    expect(await room.sentAgain()).toHaveLength(1);
  });

  test("goes as bytes to nobody where delivery is sealed, who then has nothing to acknowledge", async ({
    site,
    clients,
    rooms,
    acks,
  }) => {
    const room = await openRoom({ site, clients, rooms, acks }, [], "sealed");
    expect(await room.resend()).toBe("reached");
    expect(await room.sentAgain()).toEqual([]);
  });

  // K10
  test("goes to nobody who was removed since, nor to a device that was revoked", async ({
    site,
    clients,
    rooms,
    acks,
  }) => {
    const device = await enrol(site, "fay");
    const kept = await enrol(site, "fay");
    const room = await openRoom({ site, clients, rooms, acks }, [
      { add: { users: ["fay"] } },
      { remove: "bob" },
    ]);
    await mongoDeviceStore(site.database).revoke({
      account: "fay",
      deviceId: device.deviceId,
      at: Date.now(),
    });
    expect(await room.resend()).toBe("sent");
    const sent = await room.sentAgain();
    expect(accountsOf(sent).toSorted()).toEqual(["ann", "cat", "dan", "fay"]);
    const toFay = sent.find(({ account }) => account === "fay");
    expect(Object.keys(toFay?.body["devices"] ?? {})).toEqual([kept.deviceId]);
  });

  test("is none while the store and the projection are of different versions", async ({
    site,
    clients,
    rooms,
    acks,
  }) => {
    const room = await openRoom({ site, clients, rooms, acks });
    await room.keys.prepare(room.roomId, 1, nodeSuite.generatePair());
    await room.keys.activate(room.roomId, 1);
    expect(await room.resend()).toBe("not_now");
    expect(await room.sentAgain()).toEqual([]);
  });

  test("is none of a room that is homed elsewhere, unknown or without a key", async ({
    site,
    clients,
    rooms,
    acks,
  }) => {
    const room = await openRoom({ site, clients, rooms, acks });
    await site.database
      .collection<{ _id: string }>("rooms")
      .updateOne({ _id: room.roomId }, { $set: { siteId: "elsewhere" } });
    expect(await room.resend()).toBe("not_now");
    await site.database.collection<{ _id: string }>("rooms").deleteOne({ _id: room.roomId });
    expect(await room.resend()).toBe("not_now");
    await room.keys.delete(room.roomId, 0);
    expect(await room.resend()).toBe("not_now");
    expect(await room.sentAgain()).toEqual([]);
  });

  test("waits for members of whom the projected roster does not know yet", async ({
    site,
    clients,
    rooms,
    acks,
  }) => {
    const room = await openRoom({ site, clients, rooms, acks });
    for (const account of ["ann", "bob", "cat"]) await room.ack(account, 0);
    const rows = site.database.collection<{ _id: string }>("subscriptions");
    await rows.updateOne({ _id: `${room.roomId}:dan` }, { $set: { revision: 2 } });
    expect(await room.resend()).toBe("not_now");
    expect(await room.sentAgain()).toEqual([]);
    await room.append({ rename: "Later" });
    expect(await room.resend()).toBe("sent");
    expect(accountsOf(await room.sentAgain())).toEqual(["dan"]);
  });
});
