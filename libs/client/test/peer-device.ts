import type { HandedKey, KeyAcknowledgement } from "@parley/contract/devices";
import { registerDevice } from "@parley/contract/devices";
import { clientSubjects, userSubjects } from "@parley/contract/notices";
import { fromBase64 } from "@parley/room-crypto/base64";
import type { RoomKeyPair } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createWrapper } from "@parley/room-crypto/wrapper";

import type { PeerRoom, PeerSite } from "./peer-site.ts";

/** A device as the peer's site keeps it. */
export interface PeerDevice {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly name?: string | undefined;
}

/** A key of a room as its home hands it out. */
export interface PeerKey {
  readonly pair: RoomKeyPair;
  readonly version: number;
  /** Default: some roster at revision 1. */
  readonly rosterDigest?: string;
  readonly revision?: number;
  /** What it is wrapped for in truth, where that is something else. */
  readonly forged?: Partial<{ roomId: string; version: number; deviceId: string; rosterDigest: string }>;
}

export const SOME_ROSTER = "ab".repeat(32);

/** The key wrapped for the device. */
export function wrapped(
  { roomId }: { readonly roomId: string },
  device: PeerDevice,
  { pair, version, rosterDigest = SOME_ROSTER, revision = 1, forged = {} }: PeerKey,
): HandedKey {
  const key = createWrapper({ suite: nodeSuite, now: () => 0 }).wrapForDevice({
    roomId,
    version,
    deviceId: device.deviceId,
    rosterDigest,
    devicePublicKey: fromBase64(device.publicKey) ?? new Uint8Array(),
    roomPrivateKey: pair.privateKey,
    ...forged,
  });
  return { version, wrapped: key, rosterDigest, revision };
}

/** Takes every registration; the array grows as devices come. */
export async function takeDevices(site: PeerSite): Promise<readonly PeerDevice[]> {
  const devices: PeerDevice[] = [];
  await site.answer(registerDevice, ({ body }) => {
    const device = body as PeerDevice;
    const isKnown = devices.some(({ deviceId }) => deviceId === device.deviceId);
    if (!isKnown) devices.push(device);
    const status = isKnown ? ("unchanged" as const) : ("ok" as const);
    return { status, registeredAt: 1 };
  });
  return devices;
}

/** Tells the account of a key wrapped for these devices. */
export function tellWraps(
  site: PeerSite,
  { roomId, siteId }: PeerRoom,
  to: { readonly account: string; readonly handed: Readonly<Record<string, HandedKey>> },
): void {
  const [first] = Object.values(to.handed);
  if (first === undefined) throw new Error("a key for nobody");
  const { version, rosterDigest, revision } = first;
  const devices = Object.fromEntries(Object.entries(to.handed).map(([id, key]) => [id, key.wrapped]));
  const subject = userSubjects.roomKey.of({ homeSite: siteId, account: to.account, fromSite: siteId });
  site.publish(subject, { roomId, siteId, version, devices, rosterDigest, revision, at: Date.now() });
}

/** Acknowledgements that reach the site, as they come. */
export async function acksAt(site: PeerSite): Promise<readonly (KeyAcknowledgement & { roomId: string })[]> {
  const acks: (KeyAcknowledgement & { roomId: string })[] = [];
  site.connection.subscribe(clientSubjects.keyAck.filter({ siteId: site.siteId }), {
    callback: (_error, message) => {
      const { roomId } = clientSubjects.keyAck.parse(message.subject);
      acks.push({ roomId, ...message.json<KeyAcknowledgement>() });
    },
  });
  await site.connection.flush();
  return acks;
}
