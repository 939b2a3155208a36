/** What a device is, as it outlives the process. */
export interface StoredDevice {
  /** Chosen by the device, once: 20 letters or digits. */
  readonly deviceId: string;
  /** Scalar, 32 bytes. */
  readonly privateKey: Uint8Array;
}

/**
 * Where one account's device outlives the process: a store each for every account and every place it is used at. `save`
 * has stored the device when it resolves, in place of an older one.
 */
export interface DeviceStore {
  load(): Promise<StoredDevice | undefined>;
  save(device: StoredDevice): Promise<void>;
}
