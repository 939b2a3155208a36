import { revokeDevice } from "@parley/contract/devices";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DeviceStore } from "@parley/mongo/device-store";
import type { AfterStep } from "@parley/site/test-hooks";

import type { CompleteDeviceChange } from "../complete-device-change.ts";

/** Where a test may stop it: the device is revoked, no room is marked and no peer has been told. */
const STORED = 0;

interface Deps {
  readonly devices: Pick<DeviceStore, "revoke">;
  readonly complete: CompleteDeviceChange;
  readonly afterStep: AfterStep;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/**
 * Revokes a device of the caller. Its reply means that every room homed here is due for another key and that the peers
 * will hear of it; a repeat completes what is left of that.
 */
export const revokeDeviceEndpoint = ({ devices, complete, afterStep, now }: Deps): Endpoint =>
  userEndpoint(revokeDevice, async ({ body: { deviceId }, caller: { account }, trace }) => {
    const { status, revokedAt, ...change } = await devices.revoke({ account, deviceId, at: now() });
    afterStep(revokeDevice.operation, STORED);
    await complete(change, trace);
    return { status, revokedAt };
  });
