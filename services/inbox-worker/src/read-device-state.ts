import { canonicalSubjects } from "@parley/contract/events";
import { deviceState, OUTBOX_TYPES, type DeviceStateMessage } from "@parley/contract/federation";
import { Unprocessable } from "@parley/messaging/park";

import { jsonOf, tokensOf, type LaneMessage } from "./read-arrival.ts";

/** Whether a message of INBOX lists an account's devices: it concerns no room. */
export const isDeviceState = ({ subject }: Pick<LaneMessage, "subject">): boolean =>
  subject.startsWith("outbox.") && subject.endsWith(`.${OUTBOX_TYPES.deviceState}`);

/**
 * The devices of an account of the sending peer. A key that is no point of the curve is refused here, once: nothing could
 * be wrapped for it, and the wrapping would fail for everybody of the room.
 * @throws Unprocessable when the message is none, or the peer speaks for another site
 */
export function readDeviceState(
  message: LaneMessage,
  isPublicKey: (publicKey: string) => boolean,
): DeviceStateMessage {
  const { siteId } = tokensOf(canonicalSubjects.outboxDevices, message);
  const parsed = deviceState.safeParse(jsonOf(message.payload));
  if (!parsed.success) throw new Unprocessable("the payload is no device state");
  if (parsed.data.siteId !== siteId) throw new Unprocessable("a peer speaks for an account of another site");
  if (!parsed.data.devices.every(({ publicKey }) => isPublicKey(publicKey)))
    throw new Unprocessable("a device has a key that is none");
  return parsed.data;
}
