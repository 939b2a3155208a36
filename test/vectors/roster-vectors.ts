import { createHash } from "node:crypto";

/** The member entry of SPEC-rooms 4. */
interface MemberEntry {
  readonly account: string;
  readonly userId: string;
  readonly siteId: string;
  readonly kind: "person" | "agent";
  readonly role: "owner" | "member";
  readonly individual: boolean;
  readonly viaOrgs: readonly string[];
  readonly joinedAt: number;
  readonly historySharedSince?: number;
  readonly keyFrom: number;
}

const ann: MemberEntry = {
  account: "ann",
  userId: "oRnNJiRm4DBwopLGo",
  siteId: "site-a",
  kind: "person",
  role: "owner",
  individual: true,
  viaOrgs: [],
  joinedAt: 1_750_000_000_000,
  keyFrom: 0,
};

const bob: MemberEntry = {
  account: "bob",
  userId: "aSq00HrEHIPae2UHp",
  siteId: "site-b",
  kind: "person",
  role: "member",
  individual: false,
  viaOrgs: ["ops", "eng"],
  joinedAt: 1_750_000_001_000,
  historySharedSince: 1_750_000_001_000,
  keyFrom: 2,
};

/** Written a second time on purpose, without the room library: the vectors must not repeat its mistakes. */
function memberHash(entry: MemberEntry): bigint {
  const lines = [
    entry.account,
    entry.siteId,
    entry.kind,
    entry.role,
    entry.individual ? 1 : 0,
    entry.viaOrgs.toSorted().join("\t"),
    entry.joinedAt,
    entry.historySharedSince ?? "",
    entry.keyFrom,
  ];
  return BigInt(`0x${createHash("sha256").update(lines.join("\n"), "utf8").digest("hex")}`);
}

const rosterHash = (members: readonly MemberEntry[]): string =>
  (members.reduce((sum, entry) => sum + memberHash(entry), 0n) % 2n ** 256n).toString(16).padStart(64, "0");

const roster = (name: string, members: readonly MemberEntry[]) => ({
  name,
  input: { members },
  expect: { rosterHash: rosterHash(members) },
});

/** The roster hashes of SPEC-rooms 4, the anchors of 6.3 first. */
export const rosterVectors = () => [
  roster("ann alone", [ann]),
  roster("ann and bob", [ann, bob]),
  roster("the order of members does not matter", [bob, ann]),
  roster("nobody", []),
];
