import { listDevices, revokeDevice } from "@parley/contract/devices";

import type { CallOptions, ReplyOf } from "./request.ts";
import type { SessionCore } from "./session-core.ts";

/** The devices of this account. */
export interface Devices {
  /** The device this client runs on; absent without one. */
  readonly deviceId?: string;
  /** All devices registered, this one among them. */
  devices(options?: CallOptions): Promise<ReplyOf<typeof listDevices>["devices"]>;
  /**
   * Ends a device for good, this one too: it is handed no key any more, its id is never taken again, and the rooms it could
   * read change their key with their next message.
   * @throws {ParleyError} `device_not_found`
   */
  revokeDevice(deviceId: string, options?: CallOptions): Promise<ReplyOf<typeof revokeDevice>>;
}

export function createDevices({ requester, siteId, device }: SessionCore): Devices {
  const tokens = { siteId };
  return {
    ...(device && { deviceId: device.deviceId }),
    devices: async (options = {}) =>
      (await requester.call(listDevices, { ...options, tokens, body: {} })).devices,
    revokeDevice: (deviceId, options = {}) =>
      requester.call(revokeDevice, { ...options, tokens, body: { deviceId } }),
  };
}
