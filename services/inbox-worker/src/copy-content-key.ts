import type { ContentKeyStore } from "@parley/content-keys/content-key-store";
import { getContentKey } from "@parley/contract/server-requests";
import type { Peers } from "@parley/messaging/peers";
import type { Trace } from "@parley/messaging/trace";
import { fromBase64 } from "@parley/room-crypto/base64";
import { createContentKey } from "@parley/room-crypto/content-key";

interface Deps {
  readonly contentKeys: Pick<ContentKeyStore, "find" | "copy" | "copyErased">;
  readonly peers: Pick<Peers, "ask">;
  /** `ROOM_KEY_RPC_TIMEOUT_MS` */
  readonly timeoutMs: number;
}

/**
 * Copies the key under which a room's content rests from the room's home, unless this site has it or knows it erased
 * (SPEC-agents 1.4). A home that has none yet ends the copy: the next key copy or snapshot asks again. Throws as
 * `Peers.ask` does.
 */
export type CopyContentKey = (of: {
  readonly home: string;
  readonly roomId: string;
  /** What the replica has applied. */
  readonly revision: number;
  readonly trace: Trace;
}) => Promise<void>;

export function createCopyContentKey({ contentKeys, peers, timeoutMs }: Deps): CopyContentKey {
  return async ({ home, roomId, revision, trace }) => {
    if ((await contentKeys.find(roomId)) !== null) return;
    const reply = await peers.ask(getContentKey, { peer: home, body: { roomId }, trace, timeoutMs });
    if (reply.roomId !== roomId) throw new Error(`the home of room ${roomId} answered for another room`);
    if (reply.erased) await contentKeys.copyErased({ roomId, revision });
    if (reply.erased || reply.kid === undefined || reply.key === undefined) return;
    const bytes = fromBase64(reply.key);
    if (bytes === undefined) throw new Error(`the home of room ${roomId} answered no content key`);
    await contentKeys.copy(createContentKey({ roomId, kid: reply.kid, bytes }));
  };
}
