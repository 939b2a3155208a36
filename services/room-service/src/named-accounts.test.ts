import type { DirectoryEntry } from "@parley/contract/directory";
import { Failure, type FailureReason } from "@parley/contract/failure";
import { userIdOf } from "@parley/contract/ids";
import type { Found, FoundOrg } from "@parley/room/command";
import { describe, expect, test } from "vitest";

import { foundOf } from "./direct-messages.ts";
import { createJudgeNamed } from "./named-accounts.ts";

const entry = (account: string, fields: Partial<DirectoryEntry> = {}): DirectoryEntry => ({
  account,
  userId: userIdOf(account),
  kind: "person",
  homeSite: "alpha",
  enabled: true,
  admin: false,
  words: [],
  ...fields,
});

const ENGINES: FoundOrg = { orgId: "eng", name: "Engines", people: [foundOf(entry("eve"))] };
const FRESH: Found = { users: [foundOf(entry("fresh"))], missing: [], orgs: [] };

/** A process that holds entries of `held`; whatever is read afresh is {@link FRESH}. */
function setUp(...held: DirectoryEntry[]) {
  const asked: string[] = [];
  const judged: Found[] = [];
  const judgeNamed = createJudgeNamed({
    accounts: {
      findMany: async (accounts) => {
        asked.push(`held ${accounts.join("+")}`);
        return accounts.flatMap((account) => held.find((each) => each.account === account) ?? []);
      },
    },
    directory: {
      orgs: async (orgIds) => {
        asked.push(`orgs ${orgIds.join("+")}`);
        return orgIds.length > 0 ? [ENGINES] : [];
      },
      resolve: async ({ users, orgs }) => {
        asked.push(`afresh ${[...users, ...orgs].join("+")}`);
        return FRESH;
      },
    },
  });
  /** Judges ann and bob, refusing the first of `refusals`, then the next. */
  const judge = (...refusals: Error[]) =>
    judgeNamed({ users: ["ann", "bob"], orgs: ["eng"] }, async (found) => {
      judged.push(found);
      const refusal = refusals[judged.length - 1];
      if (refusal) throw refusal;
      return `verdict ${judged.length}`;
    });
  return { asked, judged, judge, judgeNamed };
}

const FROM_HELD = ["held ann+bob", "orgs eng"];
const AFRESH = [...FROM_HELD, "afresh ann+bob+eng"];

describe("a command that names accounts", () => {
  test("is judged by held entries, in the order named, each once, and by orgs as they are now", async () => {
    const ann = entry("ann", { sectId: "eng" });
    const { asked, judgeNamed } = setUp(ann, entry("bob", { enabled: false, homeSite: "beta" }));

    const found = await judgeNamed(
      { users: ["bob", "no", "ann", "bob"], orgs: ["eng"] },
      async (named) => named,
    );

    expect(found).toEqual({
      users: [foundOf(entry("bob", { enabled: false, homeSite: "beta" })), foundOf(ann)],
      missing: ["no"],
      orgs: [ENGINES],
    });
    expect(asked).toEqual(["held bob+no+ann", "orgs eng"]);
  });

  test("reads its orgs anew every time", async () => {
    const { asked, judge } = setUp(entry("ann"), entry("bob"));
    await judge();
    await judge();
    expect(asked).toEqual([...FROM_HELD, ...FROM_HELD]);
  });

  test("is judged once when it is admitted", async () => {
    const { asked, judged, judge } = setUp(entry("ann"));
    expect(await judge()).toBe("verdict 1");
    expect(judged).toHaveLength(1);
    expect(asked).toEqual(FROM_HELD);
  });
});

const RESTING = [
  "user_not_found",
  "agent_not_available",
  "unknown_site",
  "external_access_disabled",
] as const;

describe("a refusal that rests on an account", () => {
  test.for(RESTING)("%s is judged afresh, and what comes of that is answered", async (reason) => {
    const { asked, judged, judge } = setUp(entry("ann"));
    expect(await judge(new Failure(reason))).toBe("verdict 2");
    expect(asked).toEqual(AFRESH);
    expect(judged[1]).toBe(FRESH);
  });

  test.for(RESTING)("%s stands when it is found again: nobody is judged a third time", async (reason) => {
    const { asked, judged, judge } = setUp();
    const [first, second] = [new Failure(reason), new Failure(reason)];
    await expect(judge(first, second)).rejects.toBe(second);
    expect(judged).toHaveLength(2);
    expect(asked).toEqual(AFRESH);
  });

  test("may turn into another one", async () => {
    const { judge } = setUp();
    const second = new Failure("max_room_size_reached");
    await expect(judge(new Failure("user_not_found"), second)).rejects.toBe(second);
  });
});

const OTHERS: readonly FailureReason[] = [
  "not_room_member",
  "not_room_owner",
  "invalid_org",
  "non_channel_operation",
  "wrong_site",
  "batch_too_large",
  "revision_conflict",
  "store_unavailable",
];

describe("what no newer entry can undo is answered at once:", () => {
  test.for(OTHERS)("%s", async (reason) => {
    const { asked, judged, judge } = setUp();
    const refusal = new Failure(reason);
    await expect(judge(refusal)).rejects.toBe(refusal);
    expect(judged).toHaveLength(1);
    expect(asked).toEqual(FROM_HELD);
  });

  test("an accident", async () => {
    const { judged, judge } = setUp();
    const accident = new Error("user_not_found");
    await expect(judge(accident)).rejects.toBe(accident);
    expect(judged).toHaveLength(1);
  });
});
