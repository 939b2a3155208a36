import { listDevices, registerDevice, revokeDevice } from "@parley/contract/devices";

import { DEVICE_ID, exampleMessage } from "./example-values.ts";
import type { RequestPage } from "./request-page.ts";

/** The generator of P-256, uncompressed: a point of the curve that is nobody's key. */
const PUBLIC_KEY = Buffer.from(
  "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
  "hex",
).toString("base64");
const registeredAt = exampleMessage.createdAt - 5000;

/** The devices of an account, which keys are wrapped for. */
export const DEVICES: readonly RequestPage[] = [
  {
    declaration: registerDevice,
    about:
      "Registers a device of the caller, at its own site: from then on the account is handed keys wrapped for its devices and in no other way. `deviceId` is chosen at random by the device, `publicKey` is the base64 of an uncompressed point of P-256, whose private half never leaves it. An id belongs to one key for good: with the same key the request changes nothing, with another, or once the device was revoked, it is refused. At most 32 devices at a time. Every peer is told before the reply; a client repeats the request when it starts, so that a site that missed it is told again.",
    refusals: ["wrong_site", "invalid_request", "device_id_reused", "device_limit_reached"],
    body: { deviceId: DEVICE_ID, publicKey: PUBLIC_KEY, name: "Phone" },
    reply: { status: "ok", registeredAt },
  },
  {
    declaration: listDevices,
    about:
      "The caller's devices in the order of their registration, without the revoked ones. Names stay at the caller's own site.",
    refusals: ["wrong_site"],
    body: {},
    reply: { devices: [{ deviceId: DEVICE_ID, publicKey: PUBLIC_KEY, registeredAt, name: "Phone" }] },
  },
  {
    declaration: revokeDevice,
    about:
      "Ends a device of the caller for good. It is handed no key any more, and each room of the account, at any site, changes its key with its next message, at most once in ten minutes: what is said until then opens with the key that the device has. A room in which nothing is said keeps its key. With the reply all rooms of the caller's own site are marked; those of other sites are as soon as their home is told. Revoking again answers the first moment.",
    refusals: ["wrong_site", "invalid_request", "device_not_found"],
    body: { deviceId: DEVICE_ID },
    reply: { status: "ok", revokedAt: exampleMessage.createdAt },
  },
];
