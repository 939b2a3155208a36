import { userIdOf } from "@parley/contract/ids";
import type { MemberEntry } from "@parley/contract/shapes";
import { describe, expect, test } from "vitest";

import { replicaMembers } from "./replica-members.ts";

const member = (account: string, joinedAt: number): [string, MemberEntry] => [
  account,
  {
    account,
    userId: userIdOf(account),
    siteId: "alpha",
    kind: "person",
    role: "member",
    individual: true,
    viaOrgs: [],
    joinedAt,
    keyFrom: 0,
  },
];
// U+FF5E sorts before U+1F600 by UTF-8 bytes, after it by UTF-16 units.
const room = { members: new Map([member("😀", 2), member("～", 2), member("zoe", 1), member("ann", 3)]) };

describe("the members of a replica", () => {
  test("come by joining, then account in byte order, each once over the pages", () => {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = replicaMembers(room, { after, limit: 1 });
      seen.push(...page.rows.map(({ account }) => account));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(["zoe", "～", "😀", "ann"]);
  });

  test("have no next page after the last one", () => {
    expect(replicaMembers(room, { limit: 4 })).not.toHaveProperty("next");
    expect(replicaMembers(room, { limit: 3 }).next).toBe("2-😀");
  });

  test("refuse a cursor that is none", () => {
    expect(() => replicaMembers(room, { after: "x", limit: 1 })).toThrow(
      expect.objectContaining({ reason: "invalid_request" }) as Error,
    );
  });
});
