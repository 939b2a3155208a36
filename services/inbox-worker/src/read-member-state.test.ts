import { OUTBOX_TYPES } from "@parley/contract/federation";
import { encodeJson } from "@parley/messaging/publish";
import { Unprocessable } from "@parley/messaging/park";
import { describe, expect, test } from "vitest";

import { laneMessage } from "../test/lane.ts";
import { isMemberState, readMemberState } from "./read-member-state.ts";

const PEER = "site-b";
const HERE = "site-a";
const roomId = "a".repeat(17);
const state = { roomId, account: "bob", siteId: PEER, joinedAt: 5, lastSeenAt: 7 };
const sent = (payload: Uint8Array, of: { type?: string; roomId?: string } = {}) =>
  laneMessage({ siteId: PEER, dest: HERE, roomId, type: OUTBOX_TYPES.memberState, payload, ...of });

describe("what a peer says of how far somebody has read", () => {
  test("is told from events and snapshots by its subject", () => {
    expect(isMemberState(sent(encodeJson(state)))).toBe(true);
    expect(isMemberState(sent(encodeJson(state), { type: OUTBOX_TYPES.snapshot }))).toBe(false);
    expect(isMemberState({ subject: `inbox.${HERE}.local.${roomId}.snapshot` })).toBe(false);
  });

  test("is taken for an account of the peer, whatever a newer release adds", () => {
    expect(readMemberState(sent(encodeJson({ ...state, device: "d" })))).toEqual(state);
  });

  // R103
  test.each([
    ["for another site's account", encodeJson({ ...state, siteId: HERE }), /account of another site/],
    ["of another room", encodeJson({ ...state, roomId: "b".repeat(17) }), /another room than its subject/],
    ["without a moment", encodeJson({ ...state, lastSeenAt: undefined }), /no member state/],
    ["without its membership", encodeJson({ ...state, joinedAt: undefined }), /no member state/],
    ["in no JSON", new Uint8Array([0xff]), /not UTF-8 JSON/],
  ])("is parked when it is %s", (_what, payload, problem) => {
    expect(() => readMemberState(sent(payload))).toThrow(problem);
    expect(() => readMemberState(sent(payload))).toThrow(Unprocessable);
  });
});
