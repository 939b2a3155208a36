import { DEVICES_PER_ACCOUNT, type DeviceEntry } from "@parley/contract/devices";
import { Failure } from "@parley/contract/failure";
import type { DeviceStateMessage } from "@parley/contract/federation";

import type { DeviceStore, RegisteredDevice } from "./device-store.ts";

/**
 * Revoked ids that are remembered, the newest: a document stays small whatever an account does. Ids are chosen at random,
 * so one that is forgotten does not come again by chance.
 */
const REVOKED_REMEMBERED = 1000;

/** `_id` is the account. */
export interface DeviceRecord {
  readonly _id: string;
  /** The account's home. */
  readonly siteId: string;
  /** 1, 2, 3 … with every change. */
  readonly revision: number;
  readonly devices: readonly RegisteredDevice[];
  /** At the account's own site only. */
  readonly revoked?: readonly { readonly deviceId: string; readonly revokedAt: number }[];
  /** The last revocation (epoch ms by the home's clock); each is later than the one before. */
  readonly revokedAt?: number;
  /** The `revokedAt` for which rooms are still to be marked. */
  readonly markDue?: number;
  /** Peers for which OUTBOX holds this revision; at the account's own site only. */
  readonly sentTo?: readonly string[];
}

type Register = Parameters<DeviceStore["register"]>[0];
type Revoke = Parameters<DeviceStore["revoke"]>[0];

/** The record that a change leads to; without a `next` it changes nothing. */
export interface Ruling {
  readonly next?: DeviceRecord;
  /** When the device was registered or revoked. */
  readonly at: number;
}

const isRevoked = (record: DeviceRecord | undefined, deviceId: string) =>
  record?.revoked?.find((each) => each.deviceId === deviceId);

/** @throws Failure `device_id_reused`, `device_limit_reached` */
export function registered(
  record: DeviceRecord | undefined,
  { account, siteId, device, at }: Register,
): Ruling {
  const { devices = [], revision = 0 } = record ?? {};
  const known = devices.find((each) => each.deviceId === device.deviceId);
  if (known?.publicKey === device.publicKey) return { at: known.registeredAt };
  if (known || isRevoked(record, device.deviceId)) throw new Failure("device_id_reused");
  if (devices.length >= DEVICES_PER_ACCOUNT) throw new Failure("device_limit_reached");
  const added = { ...device, registeredAt: at };
  const next = { ...record, _id: account, siteId, devices: [...devices, added] };
  return { next: { ...next, revision: revision + 1, sentTo: [] }, at };
}

/** @throws Failure `device_not_found` */
export function revoked(record: DeviceRecord | undefined, { deviceId, at }: Omit<Revoke, "account">): Ruling {
  const before = isRevoked(record, deviceId);
  if (before) return { at: before.revokedAt };
  if (!record?.devices.some((each) => each.deviceId === deviceId)) throw new Failure("device_not_found");
  // Of two revocations in one millisecond the second is due too.
  const revokedAt = Math.max(at, (record.revokedAt ?? 0) + 1);
  const next: DeviceRecord = {
    ...record,
    revision: record.revision + 1,
    devices: record.devices.filter((each) => each.deviceId !== deviceId),
    revoked: [...(record.revoked ?? []), { deviceId, revokedAt }].slice(-REVOKED_REMEMBERED),
    revokedAt,
    markDue: revokedAt,
    sentTo: [],
  };
  return { next, at: revokedAt };
}

/** What others than the account know of a device. */
export const entryOf = ({ deviceId, publicKey, registeredAt }: RegisteredDevice): DeviceEntry => ({
  deviceId,
  publicKey,
  registeredAt,
});

/** What the account's home tells its peers: neither names nor what was revoked. */
export const stateOf = ({ _id, siteId, revision, devices, revokedAt }: DeviceRecord): DeviceStateMessage => ({
  account: _id,
  siteId,
  revision,
  devices: devices.map(entryOf),
  ...(revokedAt !== undefined && { revokedAt }),
});

/** The record that another site's word leads to; nothing when a newer one stands. */
export function told(record: DeviceRecord | undefined, state: DeviceStateMessage): DeviceRecord | undefined {
  if (record && record.revision >= state.revision) return undefined;
  const { account, siteId, revision, devices, revokedAt } = state;
  const isRevocation = revokedAt !== undefined && revokedAt > (record?.revokedAt ?? 0);
  const markDue = isRevocation ? revokedAt : record?.markDue;
  return {
    _id: account,
    siteId,
    revision,
    devices,
    ...(revokedAt !== undefined && { revokedAt }),
    ...(markDue !== undefined && { markDue }),
  };
}
