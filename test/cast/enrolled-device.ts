import { randomBytes } from "node:crypto";

import type { RoomKeyNotice } from "@parley/contract/notices";
import { mongoDeviceStore } from "@parley/mongo/device-store.mongo";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createUnwrapper } from "@parley/room-crypto/unwrapper";

import type { Inspection } from "./inspect-site.ts";

const DEVICE_ID_BYTES = 10;

/** A device that no client runs on: it shows what reaches one by itself. */
export interface EnrolledDevice {
  readonly deviceId: string;
  /** The bytes of the room key that was wrapped for it, in base64. */
  opens(notice: RoomKeyNotice): string;
}

/** Registers a device of an account at home at the site, straight in its store. */
export async function enrolDevice(
  { mongo }: Pick<Inspection, "mongo">,
  of: { readonly account: string; readonly siteId: string },
): Promise<EnrolledDevice> {
  const device = nodeSuite.generatePair();
  const deviceId = randomBytes(DEVICE_ID_BYTES).toString("hex");
  const publicKey = toBase64(device.publicKey);
  await mongoDeviceStore(mongo.database).register({ ...of, device: { deviceId, publicKey }, at: Date.now() });
  const unwrapper = createUnwrapper({ suite: nodeSuite, deviceId, device, cacheMax: 10 });
  return {
    deviceId,
    opens: ({ roomId, version, rosterDigest = "", devices = {} }) => {
      const wrapped = devices[deviceId];
      if (!wrapped) throw new Error(`nothing was wrapped for device ${deviceId}`);
      return toBase64(unwrapper.unwrap({ roomId, version, rosterDigest, wrapped }).privateKey);
    },
  };
}
