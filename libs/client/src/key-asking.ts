import { type ForRoster, type HandedKey, reportInvalidKey } from "@parley/contract/devices";
import { getKey } from "@parley/contract/room-requests";

import type { Device } from "./device.ts";
import type { AskedBecause, FetchedKey, WantedKey } from "./key-fetcher.ts";
import type { HandedRoomKey, KeyTaker } from "./key-taking.ts";
import { ParleyError } from "./parley-error.ts";
import type { Requester } from "./request.ts";
import { UnusableKey } from "./unusable-key.ts";

/**
 * Asks for one key by rule P: `key.get`, and once `key.invalid` when what came does not open.
 * @throws {ParleyError} when the key is refused or nobody answers
 * @throws {UnusableKey} when even the fresh wrap is of no use
 */
export type KeyAsker = (key: WantedKey, because: AskedBecause) => Promise<FetchedKey>;

interface KeyAskerDeps {
  readonly requester: Requester;
  readonly take: KeyTaker;
  readonly device: Device | undefined;
}

/** The roster that a handed key says it was made for. */
export const rosterOf = ({
  rosterDigest,
  revision,
}: Pick<HandedKey, "rosterDigest" | "revision">): ForRoster | undefined =>
  rosterDigest === undefined || revision === undefined ? undefined : { rosterDigest, revision };

/** Names the asking device, if there is one. */
export const forDevice = (device: Device | undefined): { deviceId?: string } =>
  device === undefined ? {} : { deviceId: device.deviceId };

export function createKeyAsker({ requester, take, device }: KeyAskerDeps): KeyAsker {
  const ask = ({ room, version }: WantedKey, because: AskedBecause): Promise<HandedRoomKey> => {
    const tokens = { roomId: room.roomId, siteId: room.siteId };
    // One attempt: who asks keeps to the pauses of SPEC-rooms 6.5.
    const call = { tokens, body: { version, ...forDevice(device) }, deadlineMs: 0 };
    return because === "missing" ? requester.call(getKey, call) : requester.call(reportInvalidKey, call);
  };

  return async function askFor(key, because): Promise<FetchedKey> {
    const answer = await ask(key, because);
    if (answer.version !== key.version || answer.roomId !== key.room.roomId) {
      throw new ParleyError("The answer holds another key.", { code: "internal" });
    }
    const taken = take(answer);
    if ("privateKey" in taken) {
      const roster = rosterOf(answer);
      return { privateKey: taken.privateKey, ...(roster && { roster }) };
    }
    const { unopened } = taken;
    // The site has yet to hear of the device: it is asked again as one that does not answer.
    if (unopened === "key_pending") throw new ParleyError("The key came unwrapped.", { code: "unavailable" });
    const mayHelp = device !== undefined && because === "missing" && unopened !== "device_not_enrolled";
    if (mayHelp) return await askFor(key, "invalid");
    throw new UnusableKey(unopened);
  };
}
