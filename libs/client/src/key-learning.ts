import type { Background } from "./background.ts";
import type { ClientEvent } from "./client-events.ts";
import type { HeldRooms } from "./held-rooms.ts";
import { rosterOf } from "./key-asking.ts";
import type { KeyFetcher, WantedKey } from "./key-fetcher.ts";
import type { KeyRing, Learning } from "./key-ring.ts";
import type { RoomKey } from "./key-store.ts";
import type { HandedRoomKey, KeyTaker, Taken } from "./key-taking.ts";
import type { RoomFeed } from "./room-feed.ts";
import type { RosterWatch } from "./roster-watch.ts";

interface KeyLearningDeps {
  readonly ring: KeyRing;
  readonly rooms: HeldRooms;
  readonly take: KeyTaker;
  /** Present on a device: what does not open is asked for anew. */
  readonly deviceId: string | undefined;
  readonly fetcher: Pick<KeyFetcher, "want" | "renew">;
  readonly feed: Pick<RoomFeed, "keyArrived" | "keyFailed">;
  readonly rosters: Pick<RosterWatch, "keyCame">;
  readonly background: Pick<Background, "report">;
  readonly publish: (event: ClientEvent) => void;
}

type Usable = Omit<HandedRoomKey, "privateKey"> & RoomKey;
type Unopened = Extract<Taken, { unopened: unknown }>["unopened"];

/** Takes keys of held rooms that came by notice or listing. */
export type LearnKeys = (handed: readonly HandedRoomKey[]) => Promise<void>;

/** What to do about a key that cannot be taken. */
function createUnusable(deps: KeyLearningDeps): (key: WantedKey, unopened: Unopened) => Promise<void> {
  const { ring, fetcher, feed, background, deviceId } = deps;
  return async (key, unopened) => {
    const { room, version } = key;
    // What is held is not given up for something that does not open.
    if ((await ring.find(room.roomId, version)) !== undefined) return;
    if (unopened === "device_not_enrolled") feed.keyFailed(key, unopened);
    else if (unopened === "key_pending") fetcher.want(key);
    else if (deviceId === undefined)
      background.report(`reading key ${version} of room ${room.roomId}`, new Error("no private key"));
    else fetcher.renew(key);
  };
}

/**
 * New keys are persisted, told, and open what waited for them; other bytes than those held are believed only after a
 * fresh `key.get`.
 */
export function createKeyLearning(deps: KeyLearningDeps): LearnKeys {
  const { ring, rooms, take, fetcher, feed, rosters, background, publish } = deps;
  const unusable = createUnusable(deps);
  const settle: { readonly [L in Learning]: (key: WantedKey, handed: Usable) => Promise<void> | void } = {
    known: () => undefined,
    conflict: (key) => void fetcher.want(key),
    invalid: ({ room, version }) =>
      background.report(`reading key ${version} of room ${room.roomId}`, new Error("no private key")),
    async learned(key, handed) {
      publish({ type: "key", ...key.room, version: key.version });
      rosters.keyCame({ ...key, roster: rosterOf(handed) });
      await feed.keyArrived(key);
    },
  };

  const wantedOf = ({ roomId, version }: Pick<RoomKey, "roomId" | "version">): WantedKey | undefined => {
    const held = rooms.get(roomId);
    return held && { room: { roomId, siteId: held.siteId }, version };
  };

  const learn = async (keys: readonly Usable[]): Promise<void> => {
    const outcomes = await ring.learn(keys);
    for (const [index, handed] of keys.entries()) {
      const held = rooms.get(handed.roomId);
      const key = wantedOf(handed);
      const outcome = outcomes[index];
      if (held === undefined || key === undefined || outcome === undefined) continue;
      if (outcome === "learned") {
        held.room = { ...held.room, keyVersion: Math.max(held.room.keyVersion, key.version) };
      }
      await settle[outcome](key, handed);
    }
  };

  return async (handed) => {
    const usable: Usable[] = [];
    for (const each of handed) {
      const key = wantedOf(each);
      if (key === undefined) continue;
      const taken = take(each);
      if ("privateKey" in taken) usable.push({ ...each, privateKey: taken.privateKey });
      else await unusable(key, taken.unopened);
    }
    await learn(usable);
  };
}
