import { reportInvalidKey } from "@parley/contract/devices";
import { Failure } from "@parley/contract/failure";
import type { Recorder } from "@parley/contract/observe";
import type { AccountRate } from "@parley/messaging/account-rate";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { Wrapper } from "@parley/room-crypto/wrapper";
import { handKey } from "@parley/room-keys/hand-key";
import type { KeyAckStore } from "@parley/room-keys/key-ack-store";

import type { FindKeyForMember, KeyForMember } from "../key-for-member.ts";

interface Deps {
  readonly findKey: FindKeyForMember;
  /** A wrapper that has wrapped nothing yet: what it derives is derived anew. */
  readonly newWrapper: () => Wrapper;
  readonly acks: Pick<KeyAckStore, "withdraw">;
  readonly rate: AccountRate;
  readonly recorder: Recorder;
}

/** Reports of one device about one version: who cannot use the third wrap will not use the fourth. */
const REPORTS = { perSecond: 1 / 20, burst: 3 } as const;

/** What the recipient may have said of the version is not so. Re-sends then come to it as to others that lack it. */
async function withdrawAck(
  acks: Deps["acks"],
  account: string,
  { key: { roomId, version }, reception }: KeyForMember,
): Promise<void> {
  const deviceId = reception === "bytes" ? undefined : reception.deviceId;
  await acks.withdraw({ roomId, account, deviceId, version }).catch((cause: unknown) => {
    throw new Failure("store_unavailable", { detail: "the acks of keys cannot be changed", cause });
  });
}

/**
 * Hands a member a version once more that a device could not use: wrapped anew under an ephemeral key of its own, for
 * the public key that stands now. Nobody else is told anything. What the device acknowledged is noted at the room's home
 * alone; elsewhere there is nothing to withdraw.
 */
export const reportInvalidKeyEndpoint = ({ findKey, newWrapper, acks, rate, recorder }: Deps): Endpoint =>
  userEndpoint(reportInvalidKey, async ({ tokens: { roomId }, body, caller, trace, ...request }) => {
    const { account } = caller;
    const { version, deviceId } = body;
    rate.take([account, deviceId ?? "", roomId, version].join(" "), REPORTS);
    const elapsedMs = (): number => request.elapsedMs();
    const found = await findKey({ roomId, account, deviceId, version, trace, elapsedMs });
    recorder.count("room_key_invalid_total");
    await withdrawAck(acks, account, found);
    const { siteId, key, ...handed } = found;
    return { roomId, siteId, ...handKey(newWrapper(), key, handed) };
  });
