import type { DirectoryEntry } from "@parley/contract/directory";
import { userIdOf } from "@parley/contract/ids";
import { describe, expect, test } from "vitest";

import { openDirectEndpoint } from "./open-direct.ts";

const entry = (account: string, homeSite: string): DirectoryEntry => ({
  account,
  userId: userIdOf(account),
  kind: "person",
  homeSite,
  enabled: true,
  admin: false,
  words: [],
});
const people = new Map([
  ["ann", entry("ann", "alpha")],
  ["bob", entry("bob", "beta")],
]);

const roomId = "aSq00HrEHIPae2UHpoRnNJiRm4DBwopLGo";
const accepted = { status: "accepted", requestId: "id", roomId, revision: 1, done: false } as const;

/** The request of alpha for ann, `elapsedMs` after it was received, with a worker that has applied so much. */
async function ask(of: { applied: number; elapsedMs: number }): Promise<object> {
  const endpoint = openDirectEndpoint({
    siteId: "beta",
    commands: {
      ofMember: () => Promise.reject(new Error("no member commands")),
      ofMemberOrAdmin: () => Promise.reject(new Error("no commands of admins")),
      ofAnybody: async () => accepted,
    },
    rooms: { progress: async () => ({ applied: of.applied }) },
    subscriptions: { find: async () => undefined },
    directory: { find: async (account) => people.get(account) },
    limits: { maxRoomSize: 10, maxBatchSize: 10, knownSites: new Set(["alpha", "beta"]) },
  });
  if (endpoint.kind !== "server") throw new Error("peers ask for direct messages");
  return endpoint.handle({
    tokens: { siteId: "beta", fromSite: "alpha" },
    body: { requesterAccount: "ann", otherAccount: "bob" },
    fromSite: "alpha",
    requestId: "id",
    trace: { requestId: "id", traceParent: "" },
    elapsedMs: () => of.elapsedMs,
  });
}

describe("opening a direct message for a peer", () => {
  test("answers without a subscription when the room is not applied within 2 s", async () => {
    const reply = await ask({ applied: 0, elapsedMs: 2000 });
    expect(reply).toEqual({ ...accepted, roomType: "dm", siteId: "beta" });
  });

  test("says that the room is applied once it is", async () => {
    expect(await ask({ applied: 1, elapsedMs: 0 })).toMatchObject({ done: true, roomId });
  });
});
