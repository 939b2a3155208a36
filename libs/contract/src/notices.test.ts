import { describe, expect, test } from "vitest";

import { roomKeyNotice, subscriptionUpdate } from "./notices.ts";
import { jobResult } from "./room-requests.ts";

const ROOM = "jHjHNiEuCoJo8Nrzp";
const AT = 1_700_000_000_000;

const key = { roomId: ROOM, siteId: "alpha", version: 1, privateKey: "AAAA", at: AT };
const update = { action: "removed", roomId: ROOM, siteId: "alpha", at: AT, revision: 4, by: "ann" };
const result = {
  requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  operation: "member.remove",
  status: "ok",
  roomId: ROOM,
  revision: 4,
  at: AT,
};

describe("a notice of a newer release is read without the fields this one does not know", () => {
  test.each([
    ["room.key", roomKeyNotice, key],
    ["subscription.update", subscriptionUpdate, update],
    ["a job result", jobResult, result],
  ] as const)("%s", (_what, schema, notice) => {
    expect(schema.parse({ ...notice, colour: "red" })).toEqual(notice);
  });
});

// R57
test("a key notice carries no public key: clients derive it", () => {
  expect(Object.keys(roomKeyNotice.shape)).not.toContain("publicKey");
});

test.each([
  ["action", { ...update, action: "renamed" }],
  ["revision", { ...update, revision: 0 }],
  ["moment", { ...update, at: -1 }],
])("a subscription update of another %s is refused", (_what, candidate) => {
  expect(subscriptionUpdate.safeParse(candidate).success).toBe(false);
});
