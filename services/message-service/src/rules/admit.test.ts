import { Failure, type FailureReason } from "@parley/contract/failure";
import { describe, expect, it } from "vitest";

import {
  admitMember,
  admitWriter,
  assertMayName,
  assertMayPost,
  assertSameMessage,
  createdAtOf,
  type Projected,
  visibleMessage,
} from "./admit.ts";

const room = {
  siteId: "alpha",
  closed: false,
  applied: 4,
  appliedAt: 1000,
  keyVersion: 1,
  memberCount: 4,
};
const subscription = { role: "member" } as const;
const admitted = { room, subscription };
const limited = { room, subscription: { ...subscription, historySharedSince: 500 } };
const member: Projected = { siteId: "alpha", room, subscription };
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
    ["an outsider of no room", { ...member, room: undefined, subscription: undefined }, "not_room_member"],
    ["a member of a room that is not served yet", { ...member, room: undefined }, "store_unavailable"],
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

describe("admitWriter", () => {
  it("refuses in the contract's order: membership, quarantine, closed", () => {
    const worst: Projected = { ...member, room: { ...quarantined, closed: true } };

    expect(reasonOf(() => admitWriter({ ...worst, subscription: undefined }))).toBe("not_room_member");
    expect(reasonOf(() => admitWriter(worst))).toBe("room_quarantined");
    expect(reasonOf(() => admitWriter({ ...member, room: { ...room, closed: true } }))).toBe("room_closed");
    expect(admitWriter(member)).toEqual(admitted);
  });
});

describe("assertMayPost", () => {
  const posts = (threshold: number, of: { kind?: "person" | "agent"; role?: "owner" | "member" } = {}) => {
    const { kind = "person", role = "member" } = of;
    return reasonOf(() => assertMayPost({ room, subscription: { role } }, { kind, threshold }));
  };

  it("leaves a room above the threshold to its owners and agents", () => {
    expect(posts(3)).toBe("large_room_post_restricted");
    expect(posts(3, { role: "owner" })).toBe("none");
    expect(posts(3, { kind: "agent" })).toBe("none");
  });

  it("takes a room of as many members as the threshold for small, and every room while it is off", () => {
    expect(posts(4)).toBe("none");
    expect(posts(0)).toBe("none");
  });
});

describe("assertMayName", () => {
  // R91
  it.each(["replyTo", "threadOf"])(
    "lets %s name what the member's history shows, from its first moment on",
    (field) => {
      const names = (of: typeof limited | typeof admitted, row: { createdAt: number } | undefined) =>
        reasonOf(() => assertMayName(of, { [field]: { row } }));

      expect(names(admitted, undefined)).toBe("message_not_found");
      expect(names(limited, { createdAt: 499 })).toBe("message_not_found");
      expect(names(limited, { createdAt: 500 })).toBe("none");
      expect(names(admitted, { createdAt: 0 })).toBe("none");
    },
  );

  it("lets no thread begin with a reply of another thread, but lets a message reply to one", () => {
    const row = { createdAt: 1, threadOf: "c".repeat(20) };

    expect(reasonOf(() => assertMayName(admitted, { threadOf: { row } }))).toBe("invalid_request");
    expect(reasonOf(() => assertMayName(admitted, { replyTo: { row } }))).toBe("none");
  });
});

describe("visibleMessage", () => {
  it("tells a message that is not there from one that is from before the member's history", () => {
    const row = { createdAt: 499 };

    expect(reasonOf(() => visibleMessage(undefined, limited))).toBe("message_not_found");
    expect(reasonOf(() => visibleMessage(row, limited))).toBe("outside_access_window");
    expect(visibleMessage(row, admitted)).toBe(row);
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
    ["everybody mentioned", { mentionAll: true }],
    ["an attachment", { attachments: [{ id: "1", name: "a", contentType: "text/plain", bytes: 1 }] }],
    ["another thread", { threadOf: "d".repeat(20) }],
    ["the room told too", { alsoInRoom: true }],
  ])("refuses %s under the same id", (_, other) => {
    expect(reasonOf(() => assertSameMessage(row, { ...row, ...other }))).toBe("message_id_reused");
  });

  // R89
  it("knows a message that was changed since, or is lost, by the request that sent it alone", () => {
    for (const changed of [
      { ...row, content: "hello!", editedAt: 5 },
      { ...row, content: "", deletedAt: 5 },
      { ...row, content: "", contentState: "lost" as const },
    ]) {
      expect(reasonOf(() => assertSameMessage(changed, row))).toBe("none");
      expect(reasonOf(() => assertSameMessage(changed, { ...row, requestId: "second" }))).toBe(
        "message_id_reused",
      );
    }
  });
});
