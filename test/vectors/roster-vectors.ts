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

/** An agent whose name UTF-16 would put before the next one's, and UTF-8 puts after it. */
const beyond: MemberEntry = {
  account: "\u{10348}",
  userId: "0000000000000000A",
  siteId: "site-a",
  kind: "agent",
  role: "member",
  individual: true,
  viaOrgs: [],
  joinedAt: 1_750_000_002_000,
  keyFrom: 0,
};

const within: MemberEntry = { ...beyond, account: "\uFF61", userId: "0000000000000000B" };

/** What members rely on beside the roster. */
interface RoomFacts {
  readonly name: string;
  readonly settings: {
    readonly restricted: boolean;
    readonly externalAccess: boolean;
    readonly rekeyOnJoin?: true;
  };
  readonly orgIds: readonly string[];
  readonly keyVersion: number;
}

const FACTS: RoomFacts = {
  name: "Plans",
  settings: { restricted: false, externalAccess: true },
  orgIds: [],
  keyVersion: 0,
};

// Written a second time on purpose, without the room library: the vectors must not repeat its mistakes.

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");
const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

const memberText = (entry: MemberEntry): string =>
  [
    entry.account,
    entry.siteId,
    entry.kind,
    entry.role,
    entry.individual ? 1 : 0,
    entry.viaOrgs.toSorted(byBytes).join("\t"),
    entry.joinedAt,
    entry.historySharedSince ?? "",
    entry.keyFrom,
  ].join("\n");

const rosterHash = (members: readonly MemberEntry[]): string =>
  (members.reduce((sum, entry) => sum + BigInt(`0x${sha256(memberText(entry))}`), 0n) % 2n ** 256n)
    .toString(16)
    .padStart(64, "0");

function rosterDigest(members: readonly MemberEntry[], facts: RoomFacts): string {
  const { restricted, externalAccess, rekeyOnJoin } = facts.settings;
  const lines = members.map(memberText).toSorted(byBytes);
  lines.push(facts.name, `${restricted ? 1 : 0}\t${externalAccess ? 1 : 0}${rekeyOnJoin ? "\t1" : ""}`);
  lines.push(facts.orgIds.toSorted(byBytes).join("\t"), String(facts.keyVersion));
  return sha256(lines.join("\n"));
}

const roster = (name: string, members: readonly MemberEntry[], change: Partial<RoomFacts> = {}) => {
  const facts = { ...FACTS, ...change };
  return {
    name,
    input: { members, ...facts },
    expect: { rosterHash: rosterHash(members), rosterDigest: rosterDigest(members, facts) },
  };
};

/** The roster hashes and digests of SPEC-rooms 4, the anchors of 6.3 first. */
export const rosterVectors = () => [
  roster("ann alone", [ann]),
  roster("ann and bob", [ann, bob]),
  roster("the order of members does not matter", [bob, ann]),
  roster("nobody", []),
  roster("a direct message has no name", [ann, bob], { name: "" }),
  roster("another name", [ann, bob], { name: "Pläne" }),
  roster("a restricted room", [ann, bob], { settings: { restricted: true, externalAccess: true } }),
  roster("a room without external access", [ann, bob], {
    settings: { restricted: false, externalAccess: false },
  }),
  roster("organisations, sorted by byte whatever their order", [ann, bob], { orgIds: ["ops", "eng", "Ops"] }),
  roster("another key version", [ann, bob], { keyVersion: 2 }),
  roster("members are sorted by the bytes of UTF-8", [beyond, within, ann]),
  roster("a room whose key changes on joining", [ann, bob], {
    settings: { restricted: false, externalAccess: true, rekeyOnJoin: true },
  }),
];
