import { DEVICES_PER_ACCOUNT } from "@parley/contract/devices";
import type { Db } from "mongodb";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { mongoDeviceStore, mongoDeviceUpkeep } from "./device-store.mongo.ts";

const KEY = `${"A".repeat(87)}=`;
const OTHER_KEY = `${"B".repeat(87)}=`;
const PEERS = ["beta", "gamma"];

const deviceIdOf = (index: number): string => String(index).padStart(20, "0");
const PHONE = deviceIdOf(1);
const LAPTOP = deviceIdOf(2);

/** An account that no other test has, with the store. */
function accountIn(database: Db) {
  const account = `ann-${crypto.randomUUID()}`;
  const store = mongoDeviceStore(database);
  const register = (deviceId: string, of: { publicKey?: string; name?: string; at?: number } = {}) => {
    const { at = 10, publicKey = KEY, ...name } = of;
    return store.register({ account, siteId: "alpha", device: { deviceId, publicKey, ...name }, at });
  };
  const revoke = (deviceId: string, at = 20) => store.revoke({ account, deviceId, at });
  return { account, store, register, revoke };
}

const stateOf = (account: string, revision: number, fields: object = {}) => ({
  account,
  siteId: "beta",
  revision,
  devices: [{ deviceId: PHONE, publicKey: KEY, registeredAt: 5 }],
  ...fields,
});

describe("mongoDeviceStore", () => {
  test("lists devices in the order of their registration, and tells peers no names", async ({ database }) => {
    const { account, store, register } = accountIn(database);
    await register(LAPTOP, { name: "Laptop", at: 11 });
    const { status, registeredAt, state } = await register(PHONE, { at: 12 });
    expect({ status, registeredAt }).toEqual({ status: "ok", registeredAt: 12 });
    expect(await store.list(account)).toEqual([
      { deviceId: LAPTOP, publicKey: KEY, name: "Laptop", registeredAt: 11 },
      { deviceId: PHONE, publicKey: KEY, registeredAt: 12 },
    ]);
    expect(state).toEqual({
      account,
      siteId: "alpha",
      revision: 2,
      devices: [
        { deviceId: LAPTOP, publicKey: KEY, registeredAt: 11 },
        { deviceId: PHONE, publicKey: KEY, registeredAt: 12 },
      ],
    });
  });

  test("changes nothing for the same id and key, and answers the state again", async ({ database }) => {
    const { register } = accountIn(database);
    const first = await register(PHONE);
    expect(await register(PHONE, { at: 99 })).toEqual({ ...first, status: "unchanged" });
  });

  // K7
  test("takes no id again, neither for another key nor after it was revoked", async ({ database }) => {
    const { register, revoke } = accountIn(database);
    await register(PHONE);
    await expect(register(PHONE, { publicKey: OTHER_KEY })).rejects.toMatchObject({
      reason: "device_id_reused",
    });
    await revoke(PHONE);
    await expect(register(PHONE)).rejects.toMatchObject({ reason: "device_id_reused" });
  });

  test("takes a device more once one of too many is revoked", async ({ database }) => {
    const { register, revoke } = accountIn(database);
    for (let index = 0; index < DEVICES_PER_ACCOUNT; index += 1) await register(deviceIdOf(index));
    const more = deviceIdOf(DEVICES_PER_ACCOUNT);
    await expect(register(more)).rejects.toMatchObject({ reason: "device_limit_reached" });
    await revoke(deviceIdOf(0));
    expect(await register(more)).toMatchObject({ status: "ok" });
  });

  test("revokes a device once and answers that moment from then on", async ({ database }) => {
    const { account, store, register, revoke } = accountIn(database);
    await register(PHONE);
    const first = await revoke(PHONE, 20);
    expect(first).toMatchObject({ status: "ok", revokedAt: 20, markDue: 20 });
    expect(first.state).toEqual({ account, siteId: "alpha", revision: 2, devices: [], revokedAt: 20 });
    expect(await revoke(PHONE, 99)).toEqual({ ...first, status: "unchanged" });
    expect(await store.list(account)).toEqual([]);
  });

  test("tells two revocations of one millisecond apart", async ({ database }) => {
    const { register, revoke } = accountIn(database);
    await register(PHONE);
    await register(LAPTOP);
    await revoke(PHONE, 20);
    expect(await revoke(LAPTOP, 20)).toMatchObject({ revokedAt: 21, markDue: 21 });
    expect(await revoke(PHONE, 30)).toMatchObject({ status: "unchanged", revokedAt: 20 });
  });

  test("has nothing to revoke of an account or device it does not know", async ({ database }) => {
    const { register, revoke } = accountIn(database);
    await expect(revoke(PHONE)).rejects.toMatchObject({ reason: "device_not_found" });
    await register(PHONE);
    await expect(revoke(LAPTOP)).rejects.toMatchObject({ reason: "device_not_found" });
  });

  test("loses none of many changes at once", async ({ database }) => {
    const { account, store, register } = accountIn(database);
    const all = Array.from({ length: 12 }, (_each, index) => deviceIdOf(index));
    const changes = await Promise.all(all.map((deviceId) => register(deviceId)));
    expect(changes.map(({ state }) => state.revision).toSorted((a, b) => a - b)).toEqual(
      all.map((_each, index) => index + 1),
    );
    expect((await store.list(account)).map(({ deviceId }) => deviceId).toSorted()).toEqual(all);
  });

  test("finds the devices of many accounts and leaves out who has none", async ({ database }) => {
    const ann = accountIn(database);
    const bob = accountIn(database);
    await ann.register(PHONE, { name: "Phone" });
    await bob.register(LAPTOP);
    await bob.revoke(LAPTOP);
    const found = await ann.store.devicesOf([ann.account, bob.account, "nobody"]);
    expect([...found.keys()]).toEqual([ann.account]);
    expect(found.get(ann.account)).toEqual([{ deviceId: PHONE, publicKey: KEY, registeredAt: 10 }]);
  });

  test("takes the higher revision of what another site tells, in whatever order", async ({ database }) => {
    const { account, store } = accountIn(database);
    expect(await store.applyState(stateOf(account, 3))).toEqual({ applied: true });
    expect(await store.applyState(stateOf(account, 2, { devices: [] }))).toEqual({ applied: false });
    expect(await store.list(account)).toHaveLength(1);
    expect(await store.applyState(stateOf(account, 4, { devices: [] }))).toEqual({ applied: true });
    expect(await store.list(account)).toEqual([]);
  });

  test("says that rooms are due until they are marked, and for a newer revocation again", async ({
    database,
  }) => {
    const { account, store } = accountIn(database);
    const upkeep = mongoDeviceUpkeep(database);
    const state = stateOf(account, 2, { revokedAt: 50 });
    expect(await store.applyState(state)).toEqual({ applied: true, markDue: 50 });
    expect(await store.applyState(state)).toEqual({ applied: false, markDue: 50 });
    await upkeep.dueMarked({ account, revokedAt: 49 });
    expect(await store.applyState(state)).toEqual({ applied: false, markDue: 50 });
    await upkeep.dueMarked({ account, revokedAt: 50 });
    expect(await store.applyState(state)).toEqual({ applied: false });
    expect(await store.applyState(stateOf(account, 3, { revokedAt: 50 }))).toEqual({ applied: true });
    expect(await store.applyState(stateOf(account, 4, { revokedAt: 51 }))).toEqual({
      applied: true,
      markDue: 51,
    });
  });
});

describe("mongoDeviceUpkeep", () => {
  test("names a change until every peer was sent it and the rooms are marked", async ({ database }) => {
    const { account, register, revoke } = accountIn(database);
    const upkeep = mongoDeviceUpkeep(database);
    const siteId = "alpha";
    const isNamed = async (peers: readonly string[] = PEERS): Promise<boolean> => {
      const unfinished = await upkeep.unfinished({ siteId, peers, limit: 1000 });
      return unfinished.some(({ state }) => state.account === account);
    };
    await register(PHONE);
    expect(await isNamed()).toBe(true);
    await upkeep.sent({ account, revision: 1, peers: ["beta"] });
    expect(await isNamed()).toBe(true);
    await upkeep.sent({ account, revision: 1, peers: ["gamma"] });
    expect(await isNamed()).toBe(false);
    // A peer that is configured later.
    expect(await isNamed([...PEERS, "delta"])).toBe(true);
    await revoke(PHONE, 20);
    await upkeep.sent({ account, revision: 1, peers: PEERS });
    await upkeep.dueMarked({ account, revokedAt: 20 });
    expect(await isNamed()).toBe(true);
    await upkeep.sent({ account, revision: 2, peers: PEERS });
    expect(await isNamed()).toBe(false);
  });

  test("pages by account and leaves out what another site told", async ({ database }) => {
    const upkeep = mongoDeviceUpkeep(database);
    const { account, store } = accountIn(database);
    const siteId = `site-${crypto.randomUUID().slice(0, 8)}`;
    const names = ["a", "b", "c"].map((name) => `${name}-${account}`);
    for (const each of names)
      await store.register({ account: each, siteId, device: { deviceId: PHONE, publicKey: KEY }, at: 1 });
    await store.applyState(stateOf(account, 1));
    const page = async (after?: string) =>
      (await upkeep.unfinished({ siteId, peers: PEERS, after, limit: 2 })).map(({ state }) => state.account);
    expect(await page()).toEqual(names.slice(0, 2));
    expect(await page(names[1])).toEqual(names.slice(2));
  });
});
