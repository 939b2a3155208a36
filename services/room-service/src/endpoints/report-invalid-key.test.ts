import { Failure } from "@parley/contract/failure";
import { createAccountRate } from "@parley/messaging/account-rate";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createRoomKey } from "@parley/room-crypto/room-key";
import { createWrapper } from "@parley/room-crypto/wrapper";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { expect, test } from "vitest";

import type { FindKeyForMember } from "../key-for-member.ts";
import { reportInvalidKeyEndpoint } from "./report-invalid-key.ts";

const roomId = "jHjHNiEuCoJo8Nrzp";
const found: FindKeyForMember = async () => ({
  siteId: "site-a",
  key: createRoomKey({ roomId, version: 0, pair: nodeSuite.generatePair() }),
  reception: "bytes",
  roster: { rosterDigest: "ab".repeat(32), revision: 1 },
});

/** An endpoint whose clock stands still but for `pass`. */
function setUp(of: { findKey?: FindKeyForMember; withdraw?: () => Promise<void> } = {}) {
  let nowMs = 0;
  const recorder = createMemoryRecorder();
  const endpoint = reportInvalidKeyEndpoint({
    findKey: of.findKey ?? found,
    newWrapper: () => createWrapper({ suite: nodeSuite, now: () => 0 }),
    acks: { withdraw: of.withdraw ?? (async () => {}) },
    rate: createAccountRate(() => nowMs),
    recorder,
  });
  if (endpoint.kind !== "user") throw new Error("clients report");
  const report = () =>
    endpoint.handle({
      tokens: { homeSite: "site-a", account: "ann", roomId, siteId: "site-a" },
      body: { version: 0 },
      caller: {
        account: "ann",
        userId: "u",
        kind: "person",
        homeSite: "site-a",
        enabled: true,
        admin: false,
        words: [],
      },
      actor: { account: "ann", kind: "person" },
      requestId: "id",
      trace: { requestId: "id", traceParent: "" },
      elapsedMs: () => 0,
    });
  const counted = (): number => recorder.total("room_key_invalid_total");
  return { report, counted, pass: (ms: number) => void (nowMs += ms) };
}

test("each report that is answered is counted, one that is refused is not", async () => {
  const { report, counted } = setUp();
  await report();
  await report();
  expect(counted()).toBe(2);
  const refused = setUp({ findKey: () => Promise.reject(new Failure("not_room_member")) });
  await expect(refused.report()).rejects.toMatchObject({ reason: "not_room_member" });
  expect(refused.counted()).toBe(0);
});

test("three at once, then one each 20 s", async () => {
  const { report, pass } = setUp();
  for (let times = 1; times <= 3; times += 1) await report();
  await expect(report()).rejects.toMatchObject({
    reason: "rate_limited",
    metadata: { retryAfterMs: 20_000 },
  });
  pass(19_999);
  await expect(report()).rejects.toMatchObject({ reason: "rate_limited" });
  pass(1);
  expect(await report()).toMatchObject({ roomId, version: 0 });
  await expect(report()).rejects.toMatchObject({ reason: "rate_limited" });
});

test("a store of acks that does not answer is an unavailable store", async () => {
  const { report } = setUp({ withdraw: () => Promise.reject(new Error("connection is closed")) });
  await expect(report()).rejects.toMatchObject({ name: "Failure", reason: "store_unavailable" });
});
