import type { ForRoster } from "@parley/contract/devices";
import { getKey, getRoom, listMembers, type MemberRow, type OrgRow } from "@parley/contract/room-requests";
import type { RoomView } from "@parley/contract/shapes";
import { rosterDigestOf } from "@parley/room/roster-hash";

import type { RoomReference } from "./client-events.ts";
import type { Clock } from "./clock.ts";
import type { Device } from "./device.ts";
import { forDevice, rosterOf } from "./key-asking.ts";
import { pagesOf } from "./page.ts";
import type { Requester } from "./request.ts";

/** How often the room is looked at while it goes on changing, and the pause between (ms). */
const ROUNDS = 3;
const ROUND_PAUSE_MS = 500;
/** Members asked for at a time. */
const PAGE_LIMIT = 500;

/** `moving`: the room changed while it was looked at, or a site is behind. */
export type RosterVerdict = "matches" | "mismatch" | "moving";

/** A key version and the roster that it was handed out for. */
export interface Claim extends ForRoster {
  readonly version: number;
}

/** A room as its lists show it. */
interface Shown {
  readonly room: RoomView;
  readonly members: readonly MemberRow[];
  readonly orgs: readonly OrgRow[];
}

/** The outcome, and the claim it is about. */
export interface RosterFinding {
  readonly verdict: RosterVerdict;
  readonly claim?: Claim;
}

interface RosterCheckDeps {
  readonly requester: Pick<Requester, "call">;
  readonly device: Device | undefined;
  readonly clock: Clock;
  /** Aborted when the client closes. */
  readonly signal: AbortSignal;
}

/** The digest of what the lists show. A direct message has no name of its own: each side shows the other's. */
export const shownDigest = ({ room, members, orgs }: Shown): string =>
  rosterDigestOf({
    members: new Map(members.map((member) => [member.account, member])),
    name: room.type === "channel" ? room.name : "",
    settings: room.settings,
    orgs: new Map(orgs.map(({ orgId, ...org }) => [orgId, org])),
    keyVersion: room.keyVersion,
  });

/** Room and members at one revision, or undefined when they changed in between. @throws {ParleyError} */
async function look(
  requester: Pick<Requester, "call">,
  { roomId, siteId }: RoomReference,
): Promise<Shown | undefined> {
  const asked = { tokens: { roomId, siteId }, deadlineMs: 0 };
  const { room } = await requester.call(getRoom, { ...asked, body: {} });
  const members: MemberRow[] = [];
  const orgs: OrgRow[] = [];
  const pages = pagesOf((page) =>
    requester.call(listMembers, { ...asked, body: { ...page, limit: PAGE_LIMIT } }),
  );
  for await (const page of pages) {
    if (page.revision !== room.revision) return undefined;
    members.push(...page.members);
    orgs.push(...(page.orgs ?? []));
  }
  return { room, members, orgs };
}

/**
 * Compares the roster a key was handed out for with the one the lists show, at one and the same revision. Without a claim,
 * or with one older than the lists, `key.get` gives a fresh one. A difference counts when it is there a second time: members
 * are written one by one before the revision that they belong to, so that one look may meet them halfway.
 * @throws {ParleyError}
 */
export async function checkRoster(
  { requester, device, clock, signal }: RosterCheckDeps,
  room: RoomReference,
  first?: Claim,
): Promise<RosterFinding> {
  const freshClaim = async (): Promise<Claim | undefined> => {
    const tokens = { roomId: room.roomId, siteId: room.siteId };
    const answer = await requester.call(getKey, { tokens, body: forDevice(device), deadlineMs: 0 });
    const roster = rosterOf(answer);
    return roster && { ...roster, version: answer.version };
  };

  let claim = first;
  let suspect: number | undefined;
  for (let round = 1; round <= ROUNDS; round += 1) {
    if (round > 1) await clock.sleep(ROUND_PAUSE_MS, signal);
    const shown = await look(requester, room);
    if (shown === undefined) continue;
    const { revision } = shown.room;
    if (claim === undefined || claim.revision < revision) claim = await freshClaim();
    if (claim?.revision !== revision) continue;
    if (claim.rosterDigest === shownDigest(shown)) return { verdict: "matches", claim };
    if (suspect === revision) return { verdict: "mismatch", claim };
    suspect = revision;
  }
  return { verdict: "moving" };
}
