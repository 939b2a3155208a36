import { registerDevice } from "@parley/contract/devices";
import { Failure } from "@parley/contract/failure";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DeviceStore } from "@parley/mongo/device-store";
import type { AfterStep } from "@parley/site/test-hooks";

import type { CompleteDeviceChange } from "../complete-device-change.ts";

/** Where a test may stop it: the device is stored, and no peer has been told. */
const STORED = 0;

interface Deps {
  readonly siteId: string;
  readonly devices: Pick<DeviceStore, "register">;
  /** Whether it is the point of the curve that keys can be wrapped for. */
  readonly isPublicKey: (publicKey: string) => boolean;
  readonly complete: CompleteDeviceChange;
  readonly afterStep: AfterStep;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

const notOnCurve = (): Failure =>
  new Failure("invalid_request", {
    metadata: { issues: [{ path: "publicKey", message: "must be a point of P-256" }] },
  });

/**
 * Registers a device of the caller at its own site. Every peer is told before the reply, by a repeat too: the request that
 * stored it may have got no further.
 */
export const registerDeviceEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(registerDevice, async ({ body, caller: { account }, trace }) => {
    if (!deps.isPublicKey(body.publicKey)) throw notOnCurve();
    const { siteId, devices, complete, afterStep, now } = deps;
    const { deviceId, publicKey, name } = body;
    const device = { deviceId, publicKey, ...(name !== undefined && { name }) };
    const { status, registeredAt, ...change } = await devices.register({
      account,
      siteId,
      device,
      at: now(),
    });
    afterStep(registerDevice.operation, STORED);
    await complete(change, trace);
    return { status, registeredAt };
  });
