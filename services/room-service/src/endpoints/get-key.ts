import { getKey } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { Wrapper } from "@parley/room-crypto/wrapper";
import { handKey } from "@parley/room-keys/hand-key";

import type { FindKeyForMember } from "../key-for-member.ts";

interface Deps {
  readonly findKey: FindKeyForMember;
  readonly wrapper: Wrapper;
}

/** Hands a member a key of the room, as {@link FindKeyForMember} says. */
export const getKeyEndpoint = ({ findKey, wrapper }: Deps): Endpoint =>
  userEndpoint(getKey, async ({ tokens: { roomId }, body, caller: { account }, trace, ...request }) => {
    const { version, deviceId } = body;
    const elapsedMs = (): number => request.elapsedMs();
    const { siteId, key, ...handed } = await findKey({
      roomId,
      account,
      deviceId,
      version,
      trace,
      elapsedMs,
    });
    return { roomId, siteId, ...handKey(wrapper, key, handed) };
  });
