import { listDevices } from "@parley/contract/devices";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DeviceStore } from "@parley/mongo/device-store";

interface Deps {
  readonly devices: Pick<DeviceStore, "list">;
}

/** The caller's own devices, revoked ones left out. */
export const listDevicesEndpoint = ({ devices }: Deps): Endpoint =>
  userEndpoint(listDevices, async ({ caller: { account } }) => ({
    devices: (await devices.list(account)).map((device) => ({ ...device })),
  }));
