import { canonicalSubjects } from "@parley/contract/events";
import { DEVICES_PER_ACCOUNT } from "@parley/contract/devices";
import { OUTBOX_TYPES } from "@parley/contract/federation";
import { encodeJson } from "@parley/messaging/publish";
import { Unprocessable } from "@parley/messaging/park";
import { describe, expect, test } from "vitest";

import { laneMessage, newSequence, newTrace } from "../test/lane.ts";
import { isDeviceState, readDeviceState } from "./read-device-state.ts";
import type { LaneMessage } from "./read-arrival.ts";

const PEER = "site-b";
const HERE = "site-a";
const KEY = `${"A".repeat(87)}=`;
const NO_POINT = `${"B".repeat(87)}=`;
const device = { deviceId: "d".repeat(20), publicKey: KEY, registeredAt: 5 };
const state = { account: "bob", siteId: PEER, revision: 2, devices: [device], revokedAt: 7 };

const sent = (payload: Uint8Array): LaneMessage => ({
  subject: canonicalSubjects.outboxDevices.of({ siteId: PEER, dest: HERE }),
  payload,
  trace: newTrace(),
  streamSequence: newSequence(),
});
const read = (message: LaneMessage) => readDeviceState(message, (publicKey) => publicKey === KEY);

describe("what a peer says of an account's devices", () => {
  test("is told from what concerns a room by its subject", () => {
    expect(isDeviceState(sent(encodeJson(state)))).toBe(true);
    expect(isDeviceState({ subject: `outbox.${PEER}.${HERE}.${"a".repeat(17)}.member_state` })).toBe(false);
    expect(isDeviceState({ subject: `inbox.${HERE}.local.-.device_state` })).toBe(false);
  });

  test("is taken for an account of the peer, whatever a newer release adds", () => {
    expect(read(sent(encodeJson({ ...state, names: [] })))).toEqual(state);
  });

  // R103
  test.each([
    ["for another site's account", encodeJson({ ...state, siteId: HERE }), /account of another site/],
    ["without a revision", encodeJson({ ...state, revision: undefined }), /no device state/],
    [
      "with a key that is none",
      encodeJson({ ...state, devices: [{ ...device, publicKey: NO_POINT }] }),
      /key/,
    ],
    [
      "with more devices than an account may have",
      encodeJson({ ...state, devices: Array.from({ length: DEVICES_PER_ACCOUNT + 1 }, () => device) }),
      /no device state/,
    ],
    ["in no JSON", new Uint8Array([0xff]), /not UTF-8 JSON/],
  ])("is parked when it is %s", (_what, payload, problem) => {
    expect(() => read(sent(payload))).toThrow(problem);
    expect(() => read(sent(payload))).toThrow(Unprocessable);
  });

  // R103
  test("is parked under the subject of a room", () => {
    const of = { siteId: PEER, dest: HERE, roomId: "a".repeat(17), type: OUTBOX_TYPES.deviceState };
    expect(() => read(laneMessage({ ...of, payload: encodeJson(state) }))).toThrow(Unprocessable);
  });
});
