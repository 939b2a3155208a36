import { randomUUID } from "node:crypto";

import type { Client } from "@parley/client/client";
import type { CanonicalEvent } from "@parley/contract/events";
import { uuidV7 } from "@parley/contract/ids";
import type { Role } from "@parley/contract/shapes";
import type { Site } from "@parley/local-stack/site";
import { encodeJson } from "@parley/messaging/publish";
import { traceOf } from "@parley/messaging/trace";
import { decide } from "@parley/room/decide";
import type { RoomState } from "@parley/room/state";
import { appendEvent } from "@parley/room-log/append-event";

import { connectAt } from "./company.ts";
import { happens } from "./happens.ts";
import type { Inspection } from "./inspect-site.ts";
import { ONCE, type Provocations, refused } from "./provocation.ts";

/** A user id that sorts before every other, and one that sorts after: their owners decide where a direct message lives. */
export const FIRST_USER_ID = "0".repeat(17);
const LAST_USER_ID = "z".repeat(17);

/** Appends one after the other, none of which was lost, after which the next will not be either. */
const FULL_FLOW = 500;
/** Of alpha: whom a command can add when the one before it was accepted after all. */
export const NEWCOMERS = ["new0", "new1", "new2", "new3", "new4", "new5"];

/** Two sites and a look into the stores of each, with the rights of its room-service. */
export interface TamperedSites {
  readonly alpha: Site;
  readonly beta: Site;
  readonly atAlpha: Inspection;
  readonly atBeta: Inspection;
  /** At home at alpha. */
  readonly ann: Client;
}

/** Changes what a site's directory says of an account, as no import would. */
async function tamper(
  { mongo }: Inspection,
  account: string,
  change: { homeSite?: string; userId?: string },
) {
  const users = mongo.database.collection<{ _id: string }>("users");
  const { matchedCount } = await users.updateOne({ _id: account }, { $set: change });
  if (matchedCount !== 1) throw new Error(`${account} is not in the directory`);
}

async function userIdAt({ mongo }: Inspection, account: string): Promise<string> {
  const users = mongo.database.collection<{ _id: string; userId: string }>("users");
  const user = await users.findOne({ _id: account });
  if (!user) throw new Error(`${account} is not in the directory`);
  return user.userId;
}

/** The room as its log has it, and where that ends. */
async function headOf(look: Inspection, roomId: string) {
  const { state, events } = await look.verify(roomId);
  const head = events.at(-1);
  if (!state || !head) throw new Error("the room has no log");
  return { state, expected: head.streamSequence };
}

/** The event that makes bob an owner or a member, whichever he is not. */
function nextEvent(state: RoomState) {
  const role: Role = state.members.get("bob")?.role === "owner" ? "member" : "owner";
  const decision = decide(state, {
    type: "change_role",
    account: "bob",
    role,
    actor: { account: "ann", kind: "person" },
    requestId: randomUUID(),
    eventId: uuidV7(),
    at: Date.now(),
  });
  if (decision.outcome !== "event") throw new Error("bob's role can be changed");
  return decision;
}

/** Answers where the room's log ends now; `undefined` when somebody else appended first. */
async function append(
  { broker }: Inspection,
  next: { event: CanonicalEvent; bytes: Uint8Array; expected: number },
): Promise<number | undefined> {
  const trace = traceOf(undefined, next.event.requestId);
  const appended = await appendEvent(broker, { ...next, trace });
  return appended.kind === "appended" ? appended.streamSequence : undefined;
}

const isRefused = (attempt: Promise<unknown>): Promise<boolean> =>
  attempt.then(
    () => false,
    () => true,
  );

/** Somebody who appends to a room's log without a pause. */
interface Crowd extends AsyncDisposable {
  /** Waits until it is in full flow. Throws when it is not. */
  untilFlowing(): Promise<void>;
}

/** Appends from the room's head on until disposed, and again from there when somebody else came first. */
function openCrowd(look: Inspection, roomId: string): Crowd {
  const end = new AbortController();
  let flow = 0;
  const appending = (async () => {
    let { state, expected } = await headOf(look, roomId);
    while (!end.signal.aborted) {
      const next = nextEvent(state);
      const sequence = await append(look, { ...next, expected });
      flow = sequence === undefined ? 0 : flow + 1;
      ({ state, expected } = sequence ? { ...next, expected: sequence } : await headOf(look, roomId));
    }
  })();
  return {
    async untilFlowing() {
      if (!(await happens(() => flow > FULL_FLOW))) throw new Error("nothing is appended");
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await appending;
    },
  };
}

/** What is wrong with what the sites hold, or with what happens to it meanwhile. */
export const TAMPERED_PROVOCATIONS = {
  unknown_account: async ({ alpha, atAlpha }) => {
    await tamper(atAlpha, "mover", { homeSite: "beta" });
    return refused(connectAt(alpha, "mover"));
  },

  room_conflict: async ({ ann, atAlpha }) => {
    await ann.openDirect("cat");
    const userId = await userIdAt(atAlpha, "cat");
    await tamper(atAlpha, "cat", { userId: LAST_USER_ID });
    await tamper(atAlpha, "dan", { userId });
    return refused(ann.openDirect("dan"));
  },

  directory_mismatch: async ({ ann, atBeta }) => {
    await tamper(atBeta, "first", { userId: LAST_USER_ID });
    const refusal = await refused(ann.openDirect("first"));
    await tamper(atBeta, "first", { userId: FIRST_USER_ID });
    return refusal;
  },

  home_site_unreachable: async ({ ann, beta }) => {
    const home = beta.process("room-service");
    await home.kill("SIGKILL");
    try {
      return await refused(ann.openDirect("first"), { siteId: "beta" });
    } finally {
      await home.restart();
    }
  },

  room_quarantined: async ({ ann, atAlpha }) => {
    const room = await ann.createRoom({ name: "Broken", users: ["bob"] });
    await room.done;
    const { state, expected } = await headOf(atAlpha, room.roomId);
    const event = { ...nextEvent(state).event, prev: "not the hash of what came before" };
    await append(atAlpha, { event, bytes: encodeJson(event), expected });
    return refused(ann.addMembers(room, { users: ["new0"] }, ONCE));
  },

  revision_conflict: async ({ ann, alpha, atAlpha }) => {
    const room = await ann.createRoom({ name: "Crowded", users: ["bob"] });
    await room.done;
    // It would only take the time that the appends need.
    const roomWorker = alpha.process("room-worker");
    await roomWorker.kill("SIGSTOP");
    try {
      await using crowd = openCrowd(atAlpha, room.roomId);
      for (const account of NEWCOMERS) {
        await crowd.untilFlowing();
        const attempt = ann.addMembers(room, { users: [account] }, ONCE);
        if (await isRefused(attempt)) return await refused(attempt);
      }
      throw new Error("every command slipped in between two appends");
    } finally {
      await roomWorker.kill("SIGCONT");
    }
  },
} satisfies Provocations<TamperedSites>;
