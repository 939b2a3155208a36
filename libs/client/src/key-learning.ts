import type { Background } from "./background.ts";
import type { ClientEvent } from "./client-events.ts";
import type { HeldRooms } from "./held-rooms.ts";
import type { KeyFetcher, WantedKey } from "./key-fetcher.ts";
import type { KeyRing, Learning } from "./key-ring.ts";
import type { RoomKey } from "./key-store.ts";
import type { RoomFeed } from "./room-feed.ts";

interface KeyLearningDeps {
  readonly ring: KeyRing;
  readonly rooms: HeldRooms;
  readonly fetcher: Pick<KeyFetcher, "want">;
  readonly feed: Pick<RoomFeed, "keyArrived">;
  readonly background: Pick<Background, "report">;
  readonly publish: (event: ClientEvent) => void;
}

/**
 * Takes keys of held rooms that came by notice or listing: new ones are persisted, told, and open what waited for them;
 * other bytes than those held are believed only after a fresh `key.get`.
 */
export function createKeyLearning(deps: KeyLearningDeps): (keys: readonly RoomKey[]) => Promise<void> {
  const { ring, rooms, fetcher, feed, background, publish } = deps;
  const settle: { readonly [L in Learning]: (key: WantedKey) => Promise<void> | void } = {
    known: () => undefined,
    conflict: (key) => void fetcher.want(key),
    invalid: ({ room, version }) =>
      background.report(`reading key ${version} of room ${room.roomId}`, new Error("no private key")),
    async learned(key) {
      publish({ type: "key", ...key.room, version: key.version });
      await feed.keyArrived(key);
    },
  };
  return async (keys) => {
    const outcomes = await ring.learn(keys);
    for (const [index, { roomId, version }] of keys.entries()) {
      const held = rooms.get(roomId);
      const outcome = outcomes[index];
      if (held === undefined || outcome === undefined) continue;
      if (outcome === "learned") {
        held.room = { ...held.room, keyVersion: Math.max(held.room.keyVersion, version) };
      }
      await settle[outcome]({ room: { roomId, siteId: held.siteId }, version });
    }
  };
}
