import type { DeviceStore, StoredDevice } from "./device-store.ts";

/** A device that ends with the process; its registration stays until it is revoked. */
export function memoryDeviceStore(): DeviceStore {
  let held: StoredDevice | undefined;
  return {
    load: () => Promise.resolve(held),
    save({ deviceId, privateKey }) {
      held = { deviceId, privateKey: privateKey.slice() };
      return Promise.resolve();
    },
  };
}
