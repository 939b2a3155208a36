import { canonicalSubjects, parseStoredEvent } from "@parley/contract/events";
import { OUTBOX_TYPES, roomSnapshot } from "@parley/contract/federation";
import { STREAM_OWNERS, streamName, type StreamName } from "@parley/contract/streams";
import { Unprocessable } from "@parley/messaging/park";
import type { ParkedMessage } from "@parley/messaging/parked";
import { OfNewerRelease, readCanonicalMessage } from "@parley/messaging/read-canonical-message";

import { tokensIn } from "./parked-subject.ts";

/** How a parked message comes back. */
export type ResendPlan =
  /** It is published anew: every consumer of its stream takes it once more, and each is safe to repeat. */
  | { readonly kind: "publish"; readonly subject: string; readonly roomId: string; readonly at: number }
  /** Its stream holds it for good: its room is marked waiting, and the sweeper reads on from what is applied. */
  | { readonly kind: "mark"; readonly roomId: string; readonly home: string; readonly revision: number }
  | { readonly kind: "refuse"; readonly why: string };

type Parked = Pick<ParkedMessage, "subject" | "stream" | "payload">;
/** What a message says of itself. */
interface Said {
  readonly siteId: string;
  readonly roomId: string;
  readonly revision: number;
}

const refuse = (why: string): ResendPlan => ({ kind: "refuse", why });
const NO_ROOM = "its subject names no room of this site, so nobody could take it. Find out who published it.";
const OTHER_ROOM = "it speaks of another room or site than its subject. Find out who published it.";
const UNREADABLE =
  "it would be parked again. Should a newer release read it, upgrade and run that release's command";

function planMessage(siteId: string, parked: Parked): ResendPlan {
  const tokens = tokensIn(canonicalSubjects.messageStored, parked.subject);
  if (tokens?.siteId !== siteId) return refuse(NO_ROOM);
  const { roomId, type } = tokens;
  try {
    const { at } = readCanonicalMessage(parked);
    return {
      kind: "publish",
      subject: canonicalSubjects.messageAppend.of({ siteId, roomId, type }),
      roomId,
      at,
    };
  } catch (error) {
    if (error instanceof OfNewerRelease)
      return refuse(`${error.message}: it is tried until the upgrade, and needs nothing else.`);
    if (error instanceof Unprocessable) return refuse(`${error.message}: ${UNREADABLE}.`);
    throw error;
  }
}

/** The envelope of an event of any release. Answers the problem when the bytes are none. */
function saidByEvent(payload: Uint8Array): Said | string {
  const parsed = parseStoredEvent(payload);
  if (parsed.kind === "garbage") return parsed.problem;
  return parsed.kind === "unknown" ? parsed.envelope : parsed.event;
}

function planRoomEvent(siteId: string, parked: Parked): ResendPlan {
  const tokens = tokensIn(canonicalSubjects.roomStored, parked.subject);
  if (tokens?.siteId !== siteId) return refuse(NO_ROOM);
  const { roomId } = tokens;
  const said = saidByEvent(parked.payload);
  if (typeof said === "string")
    return refuse(
      `${said}: every reader of the room's log skips it, and the room goes on without it. Find out who published it.`,
    );
  if (said.siteId !== siteId || said.roomId !== roomId) return refuse(OTHER_ROOM);
  return { kind: "mark", roomId, home: siteId, revision: said.revision };
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch (cause) {
    return new Error("the bytes are not UTF-8 JSON", { cause });
  }
}

/** The head of a snapshot. Answers the problem when the bytes are none of this release. */
function saidBySnapshot(payload: Uint8Array): Said | string {
  const parsed = roomSnapshot.safeParse(jsonOf(payload));
  return parsed.success ? parsed.data : "the payload is no snapshot that this release knows";
}

function planArrival(siteId: string, parked: Parked): ResendPlan {
  if (tokensIn(canonicalSubjects.inboxRepair, parked.subject))
    return refuse(
      "a repair is what the room's home held at that moment, and waiting rooms do not read it. Have a new one made.",
    );
  if (tokensIn(canonicalSubjects.outboxDevices, parked.subject)?.dest === siteId)
    return refuse("it lists an account's devices; what its site sends next of them says it again.");
  const tokens = tokensIn(canonicalSubjects.outbox, parked.subject);
  if (tokens?.dest !== siteId) return refuse(NO_ROOM);
  const { siteId: home, roomId, type } = tokens;
  if (type === OUTBOX_TYPES.memberState)
    return refuse("it says how far somebody has read; what the account reads next says it again.");
  const said = (type === OUTBOX_TYPES.snapshot ? saidBySnapshot : saidByEvent)(parked.payload);
  if (typeof said === "string") return refuse(`${said}: ${UNREADABLE}; else ask site ${home} what it sent.`);
  if (said.siteId !== home || said.roomId !== roomId) return refuse(OTHER_ROOM);
  return { kind: "mark", roomId, home, revision: said.revision };
}

const nobodyTakes = (): ResendPlan => refuse("no process takes messages off that stream.");

const PLANS: Readonly<Record<StreamName, (siteId: string, parked: Parked) => ResendPlan>> = {
  MESSAGES_CANONICAL: planMessage,
  ROOMS: planRoomEvent,
  INBOX: planArrival,
  OUTBOX: nobodyTakes,
  DEAD: nobodyTakes,
};

const STREAMS = Object.keys(STREAM_OWNERS) as readonly StreamName[];

/**
 * How a message parked at `siteId` comes back. What ROOMS and INBOX hold is never appended again: the one is truth, the
 * other holds what peers said.
 */
export function planResend(siteId: string, parked: Parked): ResendPlan {
  const stream = STREAMS.find((name) => streamName(name, siteId) === parked.stream);
  return stream ? PLANS[stream](siteId, parked) : refuse(`${parked.stream} is no stream of site ${siteId}.`);
}
