import type { DirectoryEntry } from "@parley/contract/directory";
import { Failure, type FailureReason } from "@parley/contract/failure";
import { expect, test } from "vitest";

import { createJudgeAdmin } from "./directory-admin.ts";

const entry = (admin: boolean): DirectoryEntry => ({
  account: "ann",
  userId: "jHjHNiEuCoJo8Nrzp",
  kind: "person",
  homeSite: "site-a",
  enabled: true,
  admin,
  words: ["ann"],
});

interface Judging {
  readonly held: boolean;
  readonly now: DirectoryEntry | undefined;
  readonly reason: FailureReason;
  /** Whether being an administrator does not help. */
  readonly isRefusedAnyway?: boolean;
}

/** Judges somebody held as `held` whom the directory now has as `now`. */
async function judged(of: Judging) {
  const judgements: boolean[] = [];
  let reads = 0;
  const judgeAdmin = createJudgeAdmin({
    accounts: {
      findFresh: async () => {
        reads += 1;
        return of.now;
      },
    },
  });
  const outcome = await judgeAdmin(entry(of.held), async (isAdmin) => {
    judgements.push(isAdmin);
    if (!isAdmin || of.isRefusedAnyway) throw new Failure(of.reason);
    return "judged";
  }).catch((error: Failure) => error.reason);
  return { outcome, judgements, reads };
}

test("an administrator is judged as one without another look", async () => {
  const of = { held: true, now: entry(false), reason: "not_room_owner" } as const;
  expect(await judged(of)).toEqual({ outcome: "judged", judgements: [true], reads: 0 });
});

test("an administrator's refusal stands without another look", async () => {
  const of = { held: true, now: entry(true), reason: "not_room_member", isRefusedAnyway: true } as const;
  expect(await judged(of)).toEqual({ outcome: "not_room_member", judgements: [true], reads: 0 });
});

test.for(["not_room_member", "not_room_owner", "admin_required"] as const)(
  "%s is judged again when the directory has made the caller an administrator since",
  async (reason) => {
    const of = { held: false, now: entry(true), reason };
    expect(await judged(of)).toEqual({ outcome: "judged", judgements: [false, true], reads: 1 });
  },
);

test("a refusal stands for whom the directory makes no administrator, or does not know any more", async () => {
  for (const now of [entry(false), undefined]) {
    const refused = { outcome: "admin_required", judgements: [false], reads: 1 };
    expect(await judged({ held: false, now, reason: "admin_required" })).toEqual(refused);
  }
});

test("a refusal that has nothing to do with it is no reason to look", async () => {
  const of = { held: false, now: entry(true), reason: "room_closed" } as const;
  expect(await judged(of)).toEqual({ outcome: "room_closed", judgements: [false], reads: 0 });
});
