import { Failure } from "@parley/contract/failure";
import { userIdOf } from "@parley/contract/ids";
import { traceOf } from "@parley/messaging/trace";
import type { Subscription } from "@parley/mongo/subscription-store";
import { expect, test } from "vitest";

import { retireAccountEndpoint } from "./retire-account.ts";

const requestId = "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f";

const membershipIn = (roomId: string, roomSite = "alpha"): Subscription => ({
  roomId,
  account: "gil",
  userId: userIdOf("gil"),
  roomSite,
  accountSite: "alpha",
  kind: "person",
  roomType: "channel",
  revision: 1,
  role: "member",
  individual: true,
  viaOrgs: [],
  joinedAt: 5,
  keyFrom: 0,
  muted: false,
  favourite: false,
});

/** Asks to retire gil, a member of these rooms; `failing` ones are refused so. */
function retire(rows: readonly Subscription[], failing: ReadonlyMap<string, Error>) {
  const asked: string[] = [];
  const endpoint = retireAccountEndpoint({
    siteId: "alpha",
    directory: {
      find: async (account) => ({
        account,
        userId: userIdOf(account),
        kind: "person",
        homeSite: "alpha",
        enabled: false,
        admin: false,
        words: [],
      }),
    },
    subscriptions: { listRooms: async () => ({ rows }) },
    commands: {
      ofAnybody: async (_request, roomId) => {
        asked.push(roomId);
        const failure = failing.get(roomId);
        if (failure) throw failure;
        return { status: "accepted", requestId, roomId, revision: 2, done: false };
      },
    },
  });
  if (endpoint.kind !== "server") throw new Error("the import asks as a process");
  const answer = endpoint.handle({
    tokens: { siteId: "alpha", fromSite: "alpha" },
    body: { account: "gil" },
    fromSite: "alpha",
    requestId,
    trace: traceOf(undefined, requestId),
    elapsedMs: () => 0,
  });
  return { asked, answer };
}

const rows = [membershipIn("one"), membershipIn("ill"), membershipIn("far", "beta"), membershipIn("two")];

test("a room that cannot be changed now is named and holds up no other; those homed elsewhere are left alone", async () => {
  const { asked, answer } = retire(rows, new Map([["ill", new Failure("room_quarantined")]]));
  expect(await answer).toEqual({ rooms: 2, failed: ["ill"] });
  expect(asked.toSorted()).toEqual(["ill", "one", "two"]);
});

test("a refusal that waiting will not change is told as it is", async () => {
  const { answer } = retire(rows, new Map([["ill", new Failure("room_not_found")]]));
  await expect(answer).rejects.toMatchObject({ reason: "room_not_found" });
});
