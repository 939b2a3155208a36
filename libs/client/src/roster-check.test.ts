import { getKey, getRoom, listMembers, type MemberRow } from "@parley/contract/room-requests";
import { rosterDigestOf } from "@parley/room/roster-hash";
import { expect, test } from "vitest";

import { fakeClock } from "../test/fake-clock.ts";
import { peerRow } from "../test/peer-row.ts";
import type { Requester } from "./request.ts";
import { checkRoster, type Claim, shownDigest } from "./roster-check.ts";

const ROOM = { roomId: "jHjHNiEuCoJo8Nrzp", siteId: "alpha" };

const member = (account: string): MemberRow => ({
  account,
  userId: "aSq00HrEHIPae2UHp",
  siteId: "alpha",
  kind: "person",
  name: account,
  role: "member",
  individual: true,
  viaOrgs: [],
  joinedAt: 1,
  keyFrom: 0,
});

/** What a site shows at one revision, and what it says its keys are for. */
interface Look {
  readonly revision: number;
  readonly members: readonly string[];
  readonly listRevision?: number;
}

const shown = ({ revision, members }: Look) => ({
  room: peerRow(ROOM, { revision }).room,
  members: members.map(member),
  orgs: [],
});
const claimOf = (look: Look): Claim => ({
  version: 0,
  revision: look.revision,
  rosterDigest: shownDigest(shown(look)),
});

/** A site whose looks are played one after the other, as are the claims of `key.get`; the last ones stay. */
function stage(looks: readonly Look[], claims: readonly Claim[] = []) {
  const asked: string[] = [];
  let now = looks[0];
  const [lookQueue, claimQueue] = [[...looks], [...claims]];
  const answers: Readonly<Record<string, (body: { after?: string }) => unknown>> = {
    [getRoom.operation]() {
      now = lookQueue.length > 1 ? lookQueue.shift() : lookQueue[0];
      return now && { room: shown(now).room };
    },
    // One member on a page.
    [listMembers.operation]({ after }) {
      const index = Number(after ?? 0);
      const { members = [], revision = 0, listRevision = revision } = now ?? {};
      const isLast = index + 1 >= members.length;
      const page = {
        members: members.slice(index, index + 1).map(member),
        total: members.length,
        stale: false,
      };
      return { ...page, revision: listRevision, ...(!isLast && { next: String(index + 1) }) };
    },
    [getKey.operation]: () => (claimQueue.length > 1 ? claimQueue.shift() : claimQueue[0]),
  };
  const requester: Pick<Requester, "call"> = {
    call(declaration, { body }) {
      asked.push(declaration.operation);
      return Promise.resolve(answers[declaration.operation]?.(body) as never);
    },
  };
  const clock = { ...fakeClock(), sleep: () => Promise.resolve() };
  const signal = new AbortController().signal;
  return {
    asked,
    check: (claim?: Claim) => checkRoster({ requester, device: undefined, clock, signal }, ROOM, claim),
  };
}

const two: Look = { revision: 4, members: ["ann", "bob"] };
const three: Look = { revision: 5, members: ["ann", "bob", "carol"] };
const ghost: Look = { ...two, members: [...two.members, "ghost"] };

test("a key handed out for the members shown matches", async () => {
  const { check, asked } = stage([two]);
  expect(await check(claimOf(two))).toMatchObject({ verdict: "matches" });
  expect(asked).toEqual(["room.get", "member.list", "member.list"]);
});

// K12
test("a key handed out to one whom the lists do not show is a mismatch", async () => {
  expect(await stage([two]).check(claimOf(ghost))).toEqual({ verdict: "mismatch", claim: claimOf(ghost) });
});

test("a difference that is gone at the second look is none", async () => {
  expect(await stage([ghost, two]).check(claimOf(two))).toMatchObject({ verdict: "matches" });
});

test("a listing that is newer than the key's roster is compared with a fresh one", async () => {
  const { check, asked } = stage([three], [claimOf(three)]);
  expect(await check(claimOf(two))).toMatchObject({ verdict: "matches", claim: { revision: 5 } });
  expect(asked.filter((operation) => operation === "key.get")).toHaveLength(1);
});

test("a listing behind the key's roster is looked at again", async () => {
  expect(await stage([two, three]).check(claimOf(three))).toMatchObject({ verdict: "matches" });
});

test("a room that goes on changing is let be after three looks", async () => {
  const torn = stage([{ ...two, listRevision: 5 }]);
  expect(await torn.check(claimOf(two))).toEqual({ verdict: "moving" });
  expect(torn.asked.filter((operation) => operation === "room.get")).toHaveLength(3);

  const late = stage([three], [claimOf(two)]);
  expect(await late.check(claimOf(two))).toEqual({ verdict: "moving" });
  expect(late.asked.filter((operation) => operation === "key.get")).toHaveLength(3);
});

test("without a claim the current key's is asked for", async () => {
  expect(await stage([two], [claimOf(ghost)]).check()).toMatchObject({ verdict: "mismatch" });
});

test("the digest is that of the room's state, and a direct message has no name in it", () => {
  const { room, members, orgs } = shown(two);
  const state = {
    members: new Map(members.map((row) => [row.account, row])),
    settings: room.settings,
    orgs: new Map([["eng", { addedAt: 1, name: "Engineering" }]]),
    keyVersion: room.keyVersion,
  };
  const org = { orgId: "eng", name: "Engineering", addedAt: 1, memberCount: 2 };
  expect(shownDigest({ room, members, orgs: [org] })).toBe(rosterDigestOf({ ...state, name: room.name }));
  const direct = { room: { ...room, type: "dm" as const }, members, orgs: [org] };
  expect(shownDigest(direct)).toBe(rosterDigestOf({ ...state, name: "" }));
  expect(shownDigest({ room, members, orgs })).not.toBe(shownDigest({ room, members, orgs: [org] }));
});
