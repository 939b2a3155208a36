import { z } from "zod";

import { declareRequest } from "./request.ts";
import { base64, emptyBody, keyVersion, moment, wellFormedText } from "./shapes.ts";
import { roomId } from "./tokens.ts";

// Devices of an account and the keys that are wrapped for them. No other contract page names these forms.

/** Chosen by the device, once: 20 letters or digits. */
export const deviceId = z.string().regex(/^[0-9A-Za-z]{20}$/, "must be a device id: 20 letters or digits");

/** Bytes of an uncompressed P-256 point, in base64. */
const PUBLIC_KEY_TEXT = 88;
const devicePublicKey = base64.length(PUBLIC_KEY_TEXT, "must be an uncompressed P-256 point, 65 bytes");

/** Devices that one account may have registered at a time. */
export const DEVICES_PER_ACCOUNT = 32;
const DEVICE_NAME_CODE_POINTS = 64;

const deviceName = wellFormedText
  .refine((text) => text.trim() !== "", "must not be blank")
  .refine(
    (text) => [...text].length <= DEVICE_NAME_CODE_POINTS,
    `at most ${DEVICE_NAME_CODE_POINTS} characters`,
  );

/** A device that room keys are wrapped for. */
export const deviceEntry = z.object({ deviceId, publicKey: devicePublicKey, registeredAt: moment });
export type DeviceEntry = z.infer<typeof deviceEntry>;

export const registerDevice = declareRequest({
  operation: "device.register",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.device.{siteId}.register",
  body: z.strictObject({ deviceId, publicKey: devicePublicKey, name: deviceName.optional() }),
  reply: z.object({ status: z.enum(["ok", "unchanged"]), registeredAt: moment }),
});

export const listDevices = declareRequest({
  operation: "device.list",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.device.{siteId}.list",
  body: emptyBody,
  reply: z.object({ devices: z.array(deviceEntry.extend({ name: z.string().optional() })) }),
});

/** Ends a device for good: its id is never taken again, and the rooms it could read rotate at their next message. */
export const revokeDevice = declareRequest({
  operation: "device.revoke",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.device.{siteId}.revoke",
  body: z.strictObject({ deviceId }),
  reply: z.object({ status: z.enum(["ok", "unchanged"]), revokedAt: moment }),
});

/** A room key as it travels to one device; binary is base64. */
export const wrappedKey = z.object({
  alg: z.string(),
  ephemeralPublicKey: base64,
  nonce: base64,
  ciphertext: base64,
});

/** The roster a key is handed out for: `rosterDigest` of the room's state at `revision`. */
export const forRoster = z.object({
  rosterDigest: z.string().regex(/^[0-9a-f]{64}$/),
  revision: z.int().positive(),
});
export type ForRoster = z.infer<typeof forRoster>;

/**
 * A key handed to one client: to an account without devices the bytes, where the site delivers so; else wrapped for the
 * device that asked. What it was wrapped for is in its additional data, so it comes with it.
 */
export const handedKey = z.object({
  version: keyVersion,
  privateKey: base64.optional(),
  wrapped: wrappedKey.optional(),
  ...forRoster.partial().shape,
});
export type HandedKey = z.infer<typeof handedKey>;

/**
 * Why a sealed event cannot be opened (SPEC-rooms 6.5): a closed list, the same on the wire and in the client library.
 */
export const UNOPENED_REASONS = [
  "before_you_joined",
  "after_you_left",
  "version_expired",
  "key_pending",
  "home_site_unreachable",
  "corrupt",
  "device_not_enrolled",
  "unknown",
] as const;
export const unopenedReason = z.enum(UNOPENED_REASONS);
export type UnopenedReason = z.infer<typeof unopenedReason>;

/** Why the caller cannot have the key of a version, or of the version that a message may be sealed under. */
export const explainKey = declareRequest({
  operation: "key.explain",
  asks: "nearest",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.key.explain",
  body: z.strictObject({
    messageId: z
      .string()
      .regex(/^(?:[0-9A-Za-z]{20}|[0-9A-Za-z]{22})$/)
      .optional(),
    version: keyVersion.optional(),
    deviceId: deviceId.optional(),
  }),
  reply: z.object({
    roomId,
    /** Absent: nothing here keeps the caller from the key. */
    reason: unopenedReason.optional(),
    /** Of a member: the lowest version it may have, and the room's current one. */
    keyFrom: keyVersion.optional(),
    currentVersion: keyVersion.optional(),
  }),
});

/** A device that cannot use the key it was handed asks for a fresh wrap; the answer is its own and nobody else's. */
export const reportInvalidKey = declareRequest({
  operation: "key.invalid",
  asks: "nearest",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.key.invalid",
  body: z.strictObject({ version: keyVersion, deviceId: deviceId.optional() }),
  reply: handedKey.extend({ roomId, siteId: z.string() }),
});

/** Whom the room's current key has reached. `pending`: by account, then device, at most so many of one answer. */
export const keyStatus = declareRequest({
  operation: "key.status",
  asks: "home",
  template: "chat.user.{homeSite}.{account}.request.room.{roomId}.{siteId}.key.status",
  body: emptyBody,
  reply: z.object({
    version: keyVersion,
    /** Devices, and accounts without any, that confirmed the version. */
    acked: z.int().nonnegative(),
    pending: z.int().nonnegative(),
    /** The first of those that have not. */
    pendingOf: z.array(z.object({ account: z.string(), deviceId: deviceId.optional() })),
  }),
});
/** How many devices `key.status` names. */
export const STATUS_PENDING_MAX = 500;

/** What a client publishes on `keyAck` once a key is in its store; nobody answers. */
export const keyAcknowledgement = z.strictObject({ version: keyVersion, deviceId: deviceId.optional() });
export type KeyAcknowledgement = z.infer<typeof keyAcknowledgement>;
