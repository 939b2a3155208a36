import { channelIdOf, directRoomIdOf, systemMessageIdOf, userIdOf } from "@parley/contract/ids";

import { assertSame, type VectorCheck } from "./vector-check.ts";

type IdVectorInput =
  | { readonly kind: "user"; readonly account: string }
  | { readonly kind: "dm"; readonly userIds: readonly [string, string] }
  | {
      readonly kind: "channel";
      readonly siteId: string;
      readonly account: string;
      readonly requestId: string;
    }
  | { readonly kind: "system"; readonly roomId: string; readonly revision: number; readonly type: string };

/** What an id is derived from, and the id. */
export interface IdVector {
  readonly name: string;
  readonly input: IdVectorInput;
  readonly expect: string;
}

function idOf(input: IdVectorInput): string {
  switch (input.kind) {
    case "user":
      return userIdOf(input.account);
    case "dm":
      return directRoomIdOf(input.userIds);
    case "channel":
      return channelIdOf(input);
    case "system":
      return systemMessageIdOf(input);
  }
}

export const idChecks: readonly VectorCheck<IdVector>[] = [
  {
    by: "the contract library",
    check: ({ input, expect: expected }) => assertSame("the id", idOf(input), expected),
  },
];
