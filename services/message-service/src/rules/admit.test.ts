import { Failure, type FailureReason } from "@parley/contract/failure";
import { describe, expect, it } from "vitest";

import { admitMember, admitSend, assertSameMessage, createdAtOf, type Projected } from "./admit.ts";

const room = {
  siteId: "alpha",
  closed: false,
  applied: 4,
  appliedAt: 1000,
  keyVersion: 1,
};
const member: Projected = { siteId: "alpha", room, subscription: {} };
const quarantined = { ...room, quarantined: { revision: 5, since: 1 } };

const reasonOf = (call: () => unknown): FailureReason | "none" => {
  try {
    call();
    return "none";
  } catch (error) {
    if (error instanceof Failure) return error.reason;
    throw error;
  }
};

describe("admitMember", () => {
  it.each<[string, Projected, FailureReason]>([
    ["a room that is not served", { ...member, room: undefined }, "not_room_member"],
    ["a caller without a row", { ...member, subscription: undefined }, "not_room_member"],
    ["an outsider at a replica", { ...member, siteId: "beta", subscription: undefined }, "not_room_member"],
    ["a member at a replica", { ...member, siteId: "beta" }, "wrong_site"],
  ])("answers %s", (_, projected, reason) => {
    expect(reasonOf(() => admitMember(projected))).toBe(reason);
  });

  it("admits a member, also of a room that is closed or in quarantine", () => {
    for (const each of [room, { ...room, closed: true }, quarantined])
      expect(admitMember({ ...member, room: each }).room).toBe(each);
  });
});

describe("admitSend", () => {
  it("refuses in the contract's order: membership, quarantine, closed, reply", () => {
    const worst: Projected = { ...member, room: { ...quarantined, closed: true } };
    const missing = { to: undefined };

    expect(reasonOf(() => admitSend({ ...worst, subscription: undefined }, missing))).toBe("not_room_member");
    expect(reasonOf(() => admitSend(worst, missing))).toBe("room_quarantined");
    expect(reasonOf(() => admitSend({ ...member, room: { ...room, closed: true } }, missing))).toBe(
      "room_closed",
    );
    expect(reasonOf(() => admitSend(member, missing))).toBe("message_not_found");
  });

  it("lets a member reply to what its history shows, from its first moment on", () => {
    const limited: Projected = { ...member, subscription: { historySharedSince: 500 } };

    expect(reasonOf(() => admitSend(limited, { to: { createdAt: 499 } }))).toBe("message_not_found");
    expect(reasonOf(() => admitSend(limited, { to: { createdAt: 500 } }))).toBe("none");
    expect(reasonOf(() => admitSend(member, { to: { createdAt: 0 } }))).toBe("none");
  });
});

describe("createdAtOf", () => {
  it("is the later of now and the room's last applied event", () => {
    expect(createdAtOf(room, 999)).toBe(1000);
    expect(createdAtOf(room, 1001)).toBe(1001);
  });
});

describe("assertSameMessage", () => {
  const row = {
    messageId: "a".repeat(20),
    roomId: "b".repeat(17),
    createdAt: 1,
    sender: { account: "ann", kind: "person" as const, name: "Ann" },
    content: "hello",
    replyTo: "c".repeat(20),
    mentions: ["bob"],
    requestId: "first",
    canonical: true,
  };

  it("takes a repeat with a later time, another request id and another display name", () => {
    const repeat = {
      ...row,
      createdAt: 9,
      requestId: "second",
      canonical: false,
      sender: { ...row.sender, name: "Anna" },
    };

    expect(reasonOf(() => assertSameMessage(row, repeat))).toBe("none");
  });

  it.each([
    ["another sender", { sender: { ...row.sender, account: "bob" } }],
    ["another text", { content: "hello!" }],
    ["another reply", { replyTo: "d".repeat(20) }],
    ["other mentions", { mentions: ["bob", "cat"] }],
  ])("refuses %s under the same id", (_, other) => {
    expect(reasonOf(() => assertSameMessage(row, { ...row, ...other }))).toBe("message_id_reused");
  });
});
