import { randomBytes } from "node:crypto";

import type { RoomKeyNotice } from "@parley/contract/notices";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createUnwrapper } from "@parley/room-crypto/unwrapper";
import type { TestSite } from "@parley/site/test/test-site";

const DEVICE_ID_BYTES = 10;

/** A device as a test holds it, its secret included. */
export interface TestDevice {
  readonly deviceId: string;
  /** The bytes of the room key that a notice hands to this device, in base64. */
  opens(notice: Readonly<Record<string, unknown>>): string;
}

/** Registers a device of the account, with a key of its own unless told. */
export async function enrol(site: TestSite, account: string, publicKey?: string): Promise<TestDevice> {
  const device = nodeSuite.generatePair();
  const deviceId = randomBytes(DEVICE_ID_BYTES).toString("hex");
  await mongoDeviceStore(site.database).register({
    account,
    siteId: site.siteId,
    device: { deviceId, publicKey: publicKey ?? toBase64(device.publicKey) },
    at: Date.now(),
  });
  const unwrapper = createUnwrapper({ suite: nodeSuite, deviceId, device, cacheMax: 10 });
  return {
    deviceId,
    opens: (body) => {
      const { roomId, version, rosterDigest = "", devices = {} } = body as unknown as RoomKeyNotice;
      const wrapped = devices[deviceId];
      if (!wrapped) throw new Error("nothing was wrapped for this device");
      return toBase64(unwrapper.unwrap({ roomId, version, rosterDigest, wrapped }).privateKey);
    },
  };
}
