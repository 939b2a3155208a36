import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { userIdOf } from "@parley/contract/ids";
import type { MemberEntry, RoomSettings } from "@parley/contract/shapes";

import {
  addToRoster,
  EMPTY_ROSTER_HASH,
  removeFromRoster,
  rosterDigestOf,
  rosterHashOf,
} from "./roster-hash.ts";

const ann: MemberEntry = {
  account: "ann",
  userId: userIdOf("ann"),
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
  userId: userIdOf("bob"),
  siteId: "site-b",
  kind: "person",
  role: "member",
  individual: false,
  viaOrgs: ["ops", "eng"],
  joinedAt: 1_750_000_001_000,
  historySharedSince: 1_750_000_001_000,
  keyFrom: 2,
};
/** The anchors of SPEC-rooms 6.3. */
const ANN_ALONE = "0c6c528fed80ffe758353ad9eddcf7a09e0ae0486bc2e2d126a0e2ea97607938";
const ANN_AND_BOB = "b98e37690335da0a07bedcd578af767015f5f564593fdc024737a5e4e309c699";

interface RosterVector {
  readonly name: string;
  readonly input: {
    readonly members: readonly MemberEntry[];
    readonly name: string;
    readonly settings: RoomSettings;
    readonly orgIds: readonly string[];
    readonly keyVersion: number;
  };
  readonly expect: { readonly rosterHash: string; readonly rosterDigest: string };
}
const vectorsFile = new URL("../../../test/vectors/roster.json", import.meta.url);
const vectors: readonly RosterVector[] = JSON.parse(readFileSync(vectorsFile, "utf8"));

describe("the roster hash", () => {
  // R40
  it.each(vectors)("is that of the vector: $name", ({ input, expect: { rosterHash } }) => {
    expect(rosterHashOf(input.members)).toBe(rosterHash);
  });

  it("is that of the contract's anchors, whatever the order of members and orgs", () => {
    expect(rosterHashOf([ann])).toBe(ANN_ALONE);
    expect(rosterHashOf([bob, ann])).toBe(ANN_AND_BOB);
    expect(rosterHashOf([ann, { ...bob, viaOrgs: ["eng", "ops"] }])).toBe(ANN_AND_BOB);
  });

  it("changes by the entries that change", () => {
    expect(addToRoster(EMPTY_ROSTER_HASH, ann)).toBe(ANN_ALONE);
    expect(addToRoster(ANN_ALONE, bob)).toBe(ANN_AND_BOB);
    expect(removeFromRoster(ANN_AND_BOB, bob)).toBe(ANN_ALONE);
    expect(removeFromRoster(ANN_ALONE, ann)).toBe(EMPTY_ROSTER_HASH);
  });

  it("stays within 256 bits when the sum overflows and 64 digits when it is small", () => {
    const almostFull = "f".repeat(64);
    const wrapped = addToRoster(almostFull, ann);
    expect(wrapped).toBe(`0c6c528fed80ffe758353ad9eddcf7a09e0ae0486bc2e2d126a0e2ea97607937`);
    expect(removeFromRoster(wrapped, ann)).toBe(almostFull);
    expect(removeFromRoster(addToRoster("0".repeat(63).concat("5"), ann), ann)).toBe(
      "0".repeat(63).concat("5"),
    );
  });

  it("tells every field of an entry that it covers", () => {
    const changes: Partial<MemberEntry>[] = [
      { account: "anna" },
      { siteId: "site-b" },
      { kind: "agent" },
      { role: "member" },
      { individual: false },
      { viaOrgs: ["eng"] },
      { joinedAt: 1 },
      { historySharedSince: 0 },
      { keyFrom: 1 },
    ];
    const hashes = changes.map((change) => rosterHashOf([{ ...ann, ...change }]));
    expect(new Set([ANN_ALONE, ...hashes]).size).toBe(changes.length + 1);
  });
});

describe("the roster digest", () => {
  const room = {
    name: "Plans",
    settings: { restricted: false, externalAccess: true },
    orgs: new Map([
      ["ops", { addedAt: 1, name: "Ops" }],
      ["eng", { addedAt: 1, name: "Eng" }],
    ]),
    keyVersion: 2,
    members: new Map([ann, bob].map((entry) => [entry.account, entry])),
  };

  it.each(vectors)("is that of the vector: $name", ({ input, expect: { rosterDigest } }) => {
    const { name, settings, keyVersion } = input;
    const orgs = new Map(input.orgIds.map((orgId) => [orgId, { addedAt: 1, name: orgId }]));
    const members = new Map(input.members.map((entry) => [entry.account, entry]));
    expect(rosterDigestOf({ members, name, settings, orgs, keyVersion })).toBe(rosterDigest);
  });

  it("does not depend on the order in which members and orgs came", () => {
    const turned = {
      ...room,
      orgs: new Map([...room.orgs].toReversed()),
      members: new Map([...room.members].toReversed()),
    };
    expect(rosterDigestOf(turned)).toBe(rosterDigestOf(room));
  });

  it("tells name, settings, orgs, key version and members apart", () => {
    const digests = [
      room,
      { ...room, name: "Other" },
      { ...room, settings: { restricted: true, externalAccess: true } },
      { ...room, settings: { restricted: false, externalAccess: false } },
      { ...room, settings: { restricted: false, externalAccess: true, rekeyOnJoin: true } as const },
      { ...room, orgs: new Map([["ops", { addedAt: 1, name: "Ops" }]]) },
      { ...room, keyVersion: 3 },
      { ...room, members: new Map([["ann", ann]]) },
    ].map(rosterDigestOf);
    expect(new Set(digests).size).toBe(digests.length);
  });

  it("is SHA-256 over the parts as the contract writes them", async () => {
    const text = [
      "ann\nsite-a\nperson\nowner\n1\n\n1750000000000\n\n0",
      "bob\nsite-b\nperson\nmember\n0\neng\tops\n1750000001000\n1750000001000\n2",
      "Plans\n0\t1\neng\tops\n2",
    ].join("\n");
    const expected = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    expect(rosterDigestOf(room)).toBe(Buffer.from(expected).toString("hex"));
  });

  it.each([
    ["", {}],
    ["\t1", { rekeyOnJoin: true }],
  ] as const)("says of joining %j after the flags when it changes the key: %j", async (said, policy) => {
    const settings = { restricted: true, externalAccess: false, ...policy };
    const text = `Plans\n1\t0${said}\n\n0`;
    const expected = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const empty = { ...room, settings, orgs: new Map(), members: new Map(), keyVersion: 0 };
    expect(rosterDigestOf(empty)).toBe(Buffer.from(expected).toString("hex"));
  });
});
