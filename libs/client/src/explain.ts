import { explainKey, keyStatus, type UnopenedReason } from "@parley/contract/devices";

import type { RoomReference } from "./client-events.ts";
import { forDevice } from "./key-asking.ts";
import { afterFailedFetch, freshFetch } from "./key-fetch-policy.ts";
import { ParleyError } from "./parley-error.ts";
import type { CallOptions, ReplyOf } from "./request.ts";
import type { RosterVerdict } from "./roster-check.ts";
import type { Session } from "./session.ts";

/** Why a message is not open, and what to do about it. */
export interface Explanation {
  /** Absent: nothing keeps this account from the message. */
  readonly reason?: UnopenedReason;
  /** The key version it is sealed under, where that is known. */
  readonly version?: number;
  /** One sentence for a person, with what to do next. */
  readonly text: string;
}

const TEXTS: Readonly<Record<UnopenedReason, string>> = {
  before_you_joined:
    "This was said before you joined; an owner can let you see it by adding you again with the room's history.",
  after_you_left: "You are not a member of this room any more; ask one of its owners to add you again.",
  version_expired: "The key of this message is kept no longer; read the message in the room's history.",
  key_pending: "The key of this message is on its way; wait a moment, it opens by itself.",
  home_site_unreachable:
    "The site this room lives at does not answer; the message opens by itself once it is back.",
  corrupt:
    "This message was damaged or forged on its way; read it in the room's history, and if it is not there, ask its author to send it again.",
  device_not_enrolled:
    "The keys of this account go to its registered devices only; sign in on this one again to register it.",
  unknown: "This message is sealed in a way this app does not know; update the app.",
};
const OPEN_TEXT = "Nothing keeps you from this message; if it is not shown yet, it opens by itself.";

/** What a client can say about keys and who holds them. */
export interface Explaining {
  /**
   * Why a message cannot be opened: by what this client has seen itself, else by the nearest site that knows.
   * @throws {ParleyError} when the account's own site does not answer
   */
  explain(room: RoomReference, messageId: string): Promise<Explanation>;
  /**
   * Whom the room's current key has reached.
   * @throws {ParleyError}
   */
  keyStatus(room: RoomReference, options?: CallOptions): Promise<ReplyOf<typeof keyStatus>>;
  /**
   * Compares the roster the room's key is handed out for with the members shown: `moving` when the room changed meanwhile.
   * A mismatch is told as `roster_mismatch`, too.
   * @throws {ParleyError}
   */
  checkRoster(room: RoomReference): Promise<RosterVerdict>;
}

/** Found out here by trying: no site knows better. */
const isFoundHere = (reason: UnopenedReason): boolean => reason === "corrupt" || reason === "unknown";

function explanationOf(reason: UnopenedReason | undefined, version: number | undefined): Explanation {
  const text = reason === undefined ? OPEN_TEXT : TEXTS[reason];
  return { ...(reason !== undefined && { reason }), ...(version !== undefined && { version }), text };
}

/** What a refusal says about the message. @throws the error, when it says nothing */
function reasonOfRefusal(error: unknown, seen: UnopenedReason | undefined): UnopenedReason {
  if (!(error instanceof ParleyError)) throw error;
  const { reason } = afterFailedFetch(freshFetch, error, 0);
  if (reason !== "key_pending") return reason;
  if (seen === undefined || !error.retryable) throw error;
  return seen;
}

export function createExplaining(session: Session): Explaining {
  const { requester, device, rooms, unopened, rosters } = session;

  const ask = async (room: RoomReference, messageId: string): Promise<Explanation> => {
    const seen = unopened.find(room.roomId, messageId);
    const about = seen ? { version: seen.version } : { messageId };
    const tokens = { roomId: room.roomId, siteId: room.siteId };
    try {
      const call = { tokens, body: { ...about, ...forDevice(device) } };
      return explanationOf((await requester.call(explainKey, call)).reason, seen?.version);
    } catch (error) {
      return explanationOf(reasonOfRefusal(error, seen?.reason), seen?.version);
    }
  };

  return {
    async explain(room, messageId) {
      const shown = rooms.get(room.roomId)?.timeline.messages ?? [];
      if (shown.some((message) => message.messageId === messageId))
        return explanationOf(undefined, undefined);
      const seen = unopened.find(room.roomId, messageId);
      if (seen && isFoundHere(seen.reason)) return explanationOf(seen.reason, seen.version);
      return await ask(room, messageId);
    },
    keyStatus: ({ roomId, siteId }, options = {}) =>
      requester.call(keyStatus, { ...options, tokens: { roomId, siteId }, body: {} }),
    checkRoster: (room) => rosters.check(room),
  };
}
