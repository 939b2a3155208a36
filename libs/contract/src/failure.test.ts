import { describe, expect, test } from "vitest";

import { Failure, internalEnvelope, isFailureReason, REASONS, type FailureReason } from "./failure.ts";

/** SPEC-rooms 1.6, copied: each reason belongs to exactly one code. */
const CATALOGUE = {
  bad_request: [
    "invalid_subject invalid_request_id invalid_request response_too_large wrong_site self_dm invalid_org",
    "unknown_site batch_too_large non_channel_operation target_not_member promote_requires_individual",
  ],
  unauthenticated: ["unknown_account"],
  forbidden: [
    "account_disabled not_room_member not_room_owner admin_required member_through_org",
    "external_access_disabled key_version_not_allowed site_not_participating outside_access_window",
    "not_message_author large_room_post_restricted",
  ],
  not_found: ["room_not_found message_not_found user_not_found agent_not_available room_key_absent"],
  conflict: [
    "max_room_size_reached too_many_orgs last_owner_cannot_leave last_member_cannot_remove already_owner",
    "target_not_owner cannot_demote_last_owner request_id_reused message_id_reused room_conflict",
    "directory_mismatch room_too_small message_deleted pin_limit_reached room_closed",
  ],
  too_many_requests: ["rate_limited"],
  unavailable: [
    "revision_conflict overloaded shutting_down store_unavailable home_site_unreachable room_quarantined",
  ],
} as const;

/** What devices add to it (docs/decisions/0009). */
const OF_DEVICES = {
  forbidden: ["device_not_enrolled"],
  not_found: ["device_not_found"],
  conflict: ["device_id_reused device_limit_reached"],
} as const;

const catalogued = [...Object.entries(CATALOGUE), ...Object.entries(OF_DEVICES)].flatMap(([code, lines]) =>
  lines.flatMap((line) => line.split(" ")).map((reason) => ({ reason, code })),
);
const reasons = Object.keys(REASONS) as FailureReason[];

describe("the catalogue of reasons", () => {
  // R6
  test("names each reason once, in snake_case", () => {
    expect(new Set(catalogued.map(({ reason }) => reason)).size).toBe(catalogued.length);
    expect(reasons.filter((reason) => !/^[a-z]+(?:_[a-z]+)*$/.test(reason))).toEqual([]);
  });

  test("holds the reasons of the contract with their codes, and no other", () => {
    const declared = Object.entries(REASONS).map(([reason, { code }]) => `${reason}: ${code}`);

    expect(declared.toSorted()).toEqual(
      catalogued.map(({ reason, code }) => `${reason}: ${code}`).toSorted(),
    );
  });

  test("has one whole sentence for each, which no other reason has", () => {
    const sentences = Object.values(REASONS).map(({ message }) => message);

    expect(sentences.filter((sentence) => !/^[A-Z].*\.$/.test(sentence))).toEqual([]);
    expect(new Set(sentences).size).toBe(sentences.length);
  });

  test("takes no word of JavaScript for a reason", () => {
    expect(["constructor", "toString", "__proto__", ""].filter(isFailureReason)).toEqual([]);
  });

  // R6
  test("does not compile with a reason that is not in it", () => {
    // @ts-expect-error -- no such reason
    expect(() => new Failure("no_such_reason")).toThrow(TypeError);
  });

  // R6
  test("leaves nobody a choice of code: the reason fixes it", () => {
    const failure = new Failure("room_closed");

    // @ts-expect-error -- a code is never given, so a wrong pair cannot be written
    expect(new Failure("room_closed", { code: "forbidden" }).code).toBe("conflict");
    // @ts-expect-error -- and never changed
    failure.code = "forbidden";
    // @ts-expect-error -- a reason of another code has no overlap with this one's
    const wrong: "conflict" = REASONS.not_room_member.code;

    expect(wrong).toBe("forbidden");
  });
});

describe.each(reasons)("the failure %s", (reason) => {
  const retryable = ["too_many_requests", "unavailable"].includes(REASONS[reason].code);

  test(`is ${retryable ? "" : "not "}to be repeated, and says when only if it is`, () => {
    const failure = new Failure(reason);

    expect(failure.retryable).toBe(retryable);
    expect(failure.toEnvelope().metadata).toEqual(retryable ? { retryAfterMs: 250 } : undefined);
  });

  test("shows the catalogue's sentence and nothing of what happened inside", () => {
    const cause = new Error("password=hunter2 at mongo:27017");
    const failure = new Failure(reason, { detail: "hunter2 in detail", cause });

    const envelope = failure.toEnvelope("018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f");

    expect(JSON.stringify(envelope)).not.toContain("hunter2");
    expect(envelope).toMatchObject({
      error: REASONS[reason].message,
      code: REASONS[reason].code,
      reason,
      requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
    });
    expect(failure.cause).toBe(cause);
    expect(failure.message).toBe("hunter2 in detail");
  });
});

test("who throws it knows better when to come back, and can add facts for the caller", () => {
  const failure = new Failure("home_site_unreachable", { metadata: { siteId: "beta", retryAfterMs: 5000 } });

  expect(failure.toEnvelope().metadata).toEqual({ siteId: "beta", retryAfterMs: 5000 });
});

test("an envelope has no field without a value", () => {
  expect(Object.keys(new Failure("self_dm").toEnvelope())).toEqual(["error", "code", "reason"]);
});

test("an accident is told without a reason, a cause or a detail", () => {
  expect(internalEnvelope("018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f")).toEqual({
    error: "Something went wrong on our side.",
    code: "internal",
    requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
  });
  expect(Object.keys(internalEnvelope())).toEqual(["error", "code"]);
});
