import type { DeviceEntry } from "@parley/contract/devices";
import { Failure } from "@parley/contract/failure";
import type { Collection, Db, Filter } from "mongodb";

import { collectionsOf } from "./collections.ts";
import {
  entryOf,
  registered,
  revoked,
  stateOf,
  told,
  type DeviceRecord,
  type Ruling,
} from "./device-record.ts";
import type { DeviceStore, DeviceUpkeep } from "./device-store.ts";
import { isDuplicateKey } from "./duplicate-key.ts";
import { storeCall } from "./store-call.ts";

/** Each attempt that fails is another's that succeeded: more than may be under way for one account. */
const ATTEMPTS_MAX = 64;
/** Accounts of one query. */
const ACCOUNTS_PER_QUERY = 500;

export function mongoDeviceStore(database: Db): DeviceStore {
  const { devices } = collectionsOf(database);
  return {
    register: (of) =>
      storeCall("registering a device", async () => {
        const { at, ...change } = await changeBy(devices, of.account, (record) => registered(record, of));
        return { ...change, registeredAt: at };
      }),

    list: (account) =>
      storeCall("listing devices", async () => (await devices.findOne({ _id: account }))?.devices ?? []),

    revoke: (of) =>
      storeCall("revoking a device", async () => {
        const { at, ...change } = await changeBy(devices, of.account, (record) => revoked(record, of));
        return { ...change, revokedAt: at };
      }),

    devicesOf: (accounts) => storeCall("finding devices", () => devicesOf(devices, accounts)),

    applyState: (state) =>
      storeCall("taking devices of another site's account", () =>
        attempted(async () => {
          const record = await recordOf(devices, state.account);
          const next = told(record, state);
          if (!next) return { applied: false, ...dueOf(record) };
          const taken = await replaced(devices, next, record?.revision);
          return taken ? { applied: true, ...dueOf(next) } : undefined;
        }),
      ),
  };
}

export function mongoDeviceUpkeep(database: Db): DeviceUpkeep {
  const { devices } = collectionsOf(database);
  return {
    sent: ({ account, revision, peers }) =>
      storeCall("noting which peers know of devices", async () => {
        const update = { $addToSet: { sentTo: { $each: [...peers] } } };
        await devices.updateOne({ _id: account, revision }, update);
      }),

    dueMarked: ({ account, revokedAt }) =>
      storeCall("noting that rooms are due", async () => {
        await devices.updateOne({ _id: account, markDue: revokedAt }, { $unset: { markDue: "" } });
      }),

    unfinished: ({ siteId, peers, after, limit }) =>
      storeCall("finding unfinished changes of devices", async () => {
        const unsent: Filter<DeviceRecord>[] = peers.map((peer) => ({ sentTo: { $ne: peer } }));
        const filter = {
          siteId,
          $or: [...unsent, { markDue: { $exists: true } }],
          ...(after !== undefined && { _id: { $gt: after } }),
        };
        const records = await devices.find(filter).sort({ _id: 1 }).limit(limit).toArray();
        return records.map((record) => ({ state: stateOf(record), ...dueOf(record) }));
      }),
  };
}

const recordOf = async (devices: Collection<DeviceRecord>, account: string) =>
  (await devices.findOne({ _id: account })) ?? undefined;

const dueOf = (record: DeviceRecord | undefined): { readonly markDue?: number } =>
  record?.markDue === undefined ? {} : { markDue: record.markDue };

/** Repeats what lost against another change of the account. */
async function attempted<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts += 1) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new Failure("overloaded");
}

const changeBy = (
  devices: Collection<DeviceRecord>,
  account: string,
  rule: (record: DeviceRecord | undefined) => Ruling,
) =>
  attempted(async () => {
    const record = await recordOf(devices, account);
    const { next, at } = rule(record);
    const standing = next ?? record;
    if (standing === undefined) throw new Error("a ruling without a record changed nothing");
    if (next && !(await replaced(devices, next, record?.revision))) return undefined;
    const status = next ? ("ok" as const) : ("unchanged" as const);
    return { status, at, state: stateOf(standing), ...dueOf(standing) };
  });

/** Puts `next` in the place of the record of revision `from`, or of none; whether that was what stood there. */
async function replaced(
  devices: Collection<DeviceRecord>,
  next: DeviceRecord,
  from: number | undefined,
): Promise<boolean> {
  const { _id, ...fields } = next;
  try {
    if (from !== undefined)
      return (await devices.replaceOne({ _id, revision: from }, fields)).matchedCount > 0;
    await devices.insertOne(next);
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

async function devicesOf(
  devices: Collection<DeviceRecord>,
  accounts: readonly string[],
): Promise<ReadonlyMap<string, readonly DeviceEntry[]>> {
  const found = new Map<string, readonly DeviceEntry[]>();
  for (let start = 0; start < accounts.length; start += ACCOUNTS_PER_QUERY) {
    const some = accounts.slice(start, start + ACCOUNTS_PER_QUERY);
    const records = await devices.find({ _id: { $in: some } }, { projection: { devices: 1 } }).toArray();
    for (const { _id, devices: entries } of records)
      if (entries.length > 0) found.set(_id, entries.map(entryOf));
  }
  return found;
}
