import { randomUUID } from "node:crypto";

import type { HandedKey } from "@parley/contract/devices";
import { base62 } from "@parley/contract/ids";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createUnwrapper } from "@parley/room-crypto/unwrapper";
import type { TestSite } from "@parley/site/test/test-site";

const DEVICE_ID_LENGTH = 20;

/** A device that is registered, and what it makes of keys. */
export interface TestDevice {
  readonly deviceId: string;
  /** The private key of a room (base64) as it was wrapped for this device. Throws when it was not. */
  open(roomId: string, handed: HandedKey): string;
}

/** Registers a new device of an account at this site. */
export async function enrol(
  { database, siteId }: Pick<TestSite, "database" | "siteId">,
  account: string,
): Promise<TestDevice> {
  const deviceId = base62(randomUUID(), DEVICE_ID_LENGTH);
  const pair = nodeSuite.generatePair();
  const device = { deviceId, publicKey: toBase64(pair.publicKey) };
  await mongoDeviceStore(database).register({ account, siteId, device, at: Date.now() });
  const unwrapper = createUnwrapper({ suite: nodeSuite, deviceId, device: pair, cacheMax: 100 });
  return {
    deviceId,
    open: (roomId, { version, wrapped, rosterDigest }) => {
      if (!wrapped || rosterDigest === undefined) throw new Error("nothing was wrapped");
      return toBase64(unwrapper.unwrap({ roomId, version, rosterDigest, wrapped }).privateKey);
    },
  };
}
