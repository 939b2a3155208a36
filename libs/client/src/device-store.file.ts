import { fromBase64, toBase64 } from "@parley/room-crypto/base64";

import type { DeviceStore, StoredDevice } from "./device-store.ts";
import { jsonDocument } from "./json-document.file.ts";

function deviceOf(entries: Readonly<Record<string, unknown>>): StoredDevice | undefined {
  const { deviceId, privateKey: text } = entries;
  if (typeof deviceId !== "string" || typeof text !== "string") return undefined;
  const privateKey = fromBase64(text);
  return privateKey && { deviceId, privateKey };
}

/**
 * A device in a JSON file that only its owner can read. Whoever reads the file is the device: place it accordingly, and
 * never copy it to a second machine.
 * @throws when the file exists and is not such a file
 */
export async function fileDeviceStore(path: string): Promise<DeviceStore> {
  const document = jsonDocument(path);
  const entries = await document.load();
  let held = deviceOf(entries);
  if (held === undefined && Object.keys(entries).length > 0) throw new Error(`${path} is no device store`);
  return {
    load: () => Promise.resolve(held),
    async save({ deviceId, privateKey }) {
      held = { deviceId, privateKey: privateKey.slice() };
      await document.save(() => ({ deviceId, privateKey: toBase64(privateKey) }));
    },
  };
}
