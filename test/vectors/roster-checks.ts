import type { MemberEntry, RoomSettings } from "@parley/contract/shapes";
import { rosterDigestOf, rosterHashOf } from "@parley/room/roster-hash";

import { assertSame, type VectorCheck } from "./vector-check.ts";

/** A room's members and what stands beside them, with the hash of the ones and the digest of all. */
export interface RosterVector {
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

export const rosterChecks: readonly VectorCheck<RosterVector>[] = [
  {
    by: "the room library",
    check({ input, expect: expected }) {
      const { name, settings, keyVersion } = input;
      const orgs = new Map(input.orgIds.map((orgId) => [orgId, { addedAt: 1, name: orgId }]));
      const members = new Map(input.members.map((entry) => [entry.account, entry]));

      assertSame("the roster hash", rosterHashOf(input.members), expected.rosterHash);
      const digest = rosterDigestOf({ members, name, settings, orgs, keyVersion });
      assertSame("the roster digest", digest, expected.rosterDigest);
    },
  },
];
