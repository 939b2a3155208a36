import type { ForRoster } from "@parley/contract/devices";

import type { Background } from "./background.ts";
import { createBoundedSet } from "./bounded-set.ts";
import type { ClientEvent, RoomReference } from "./client-events.ts";
import type { Clock } from "./clock.ts";
import type { HeldRooms } from "./held-rooms.ts";
import type { WantedKey } from "./key-fetcher.ts";
import { ParleyError } from "./parley-error.ts";
import type { Claim, RosterFinding, RosterVerdict } from "./roster-check.ts";

/** Longest wait before a roster is looked at (ms): so much, and so much for each member, who all got the key at once. */
const WAIT_MAX_MS = 1000;
const WAIT_PER_MEMBER_MS = 10;
/** Mismatches told that are remembered, so that each is told once. */
const TOLD_MAX = 1000;

/** Looks for members that the lists do not show. */
export interface RosterWatch {
  /** A new key came: its roster is compared in the background, unless `checkRosters` is off. */
  keyCame(key: WantedKey & { readonly roster: ForRoster | undefined }): void;
  /** Compares now. @throws {ParleyError} */
  check(room: RoomReference): Promise<RosterVerdict>;
}

interface RosterWatchDeps {
  readonly rooms: Pick<HeldRooms, "get">;
  readonly clock: Clock;
  readonly background: Background;
  /** False: only `check` compares. */
  readonly isAutomatic: boolean;
  readonly compare: (room: RoomReference, claim?: Claim) => Promise<RosterFinding>;
  readonly publish: (event: ClientEvent) => void;
}

export function createRosterWatch(deps: RosterWatchDeps): RosterWatch {
  const { rooms, clock, background, compare, publish } = deps;
  const told = createBoundedSet(TOLD_MAX);
  /** What is to be compared, by room: of several keys of one room only the newest roster counts. */
  const waiting = new Map<string, Claim>();
  let isWatching = false;

  const tell = ({ roomId, siteId }: RoomReference, { verdict, claim }: RosterFinding): RosterVerdict => {
    if (verdict === "mismatch" && claim && told.add(`${roomId}\n${claim.revision}`)) {
      const { version, revision } = claim;
      publish({ type: "roster_mismatch", roomId, siteId, version, revision });
    }
    return verdict;
  };

  const waitMsOf = (roomId: string): number => {
    const memberCount = rooms.get(roomId)?.room.memberCount ?? 0;
    return clock.random() * (WAIT_MAX_MS + WAIT_PER_MEMBER_MS * memberCount);
  };

  const compareNext = async (roomId: string): Promise<void> => {
    await clock.sleep(waitMsOf(roomId), background.signal);
    const claim = waiting.get(roomId);
    waiting.delete(roomId);
    const room = rooms.get(roomId);
    if (claim === undefined || room === undefined) return;
    try {
      tell(room, await compare(room, claim));
    } catch (error) {
      // A site that does not answer says nothing about the roster; the next key asks again.
      if (!(error instanceof ParleyError)) throw error;
    }
  };

  const watch = async (): Promise<void> => {
    try {
      // A key that comes meanwhile is met further on.
      for (const roomId of waiting.keys()) await compareNext(roomId);
    } finally {
      isWatching = false;
    }
  };

  return {
    keyCame({ room: { roomId }, version, roster }) {
      if (!deps.isAutomatic || roster === undefined) return;
      if ((waiting.get(roomId)?.revision ?? 0) >= roster.revision) return;
      waiting.set(roomId, { version, ...roster });
      if (isWatching) return;
      isWatching = true;
      background.start("comparing rosters", watch);
    },
    check: async (room) => tell(room, await compare(room)),
  };
}
