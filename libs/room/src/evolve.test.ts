import { describe, expect, it } from "vitest";

import { encodeEvent } from "@parley/contract/events";
import type { CanonicalEvent } from "@parley/contract/events";

import {
  add,
  agent,
  ann,
  bob,
  cat,
  createChannel,
  createDirect,
  dan,
  HOME,
  idOf,
  org,
  roomAfter,
  T0,
} from "../test/fixtures.ts";
import { applyEvent } from "./apply.ts";
import { evolve } from "./evolve.ts";
import { LawBroken } from "./law-broken.ts";
import { EMPTY_ROSTER_HASH } from "./roster-hash.ts";
import type { EventDraft } from "./ruling.ts";
import type { RoomState } from "./state.ts";

/** Ann owns it, Bob and Cat are in through the org eng, Cat by name too. */
const room = roomAfter(createChannel({ users: [cat], orgs: [org("eng")] }));
const direct = roomAfter(createDirect(ann, bob));

function hashAfter(state: RoomState | undefined, event: CanonicalEvent): string {
  try {
    return applyEvent(state, event).rosterHash;
  } catch (error) {
    if (!(error instanceof LawBroken)) throw error;
    return EMPTY_ROSTER_HASH;
  }
}

/** The event after `state`, lawful in everything its envelope says unless `envelope` says otherwise. */
function next(
  state: RoomState | undefined,
  draft: EventDraft,
  envelope: Partial<CanonicalEvent> = {},
): CanonicalEvent {
  const unhashed = {
    id: idOf(9000),
    v: 1,
    siteId: state?.siteId ?? HOME,
    roomId: state?.roomId ?? room.roomId,
    revision: (state?.revision ?? 0) + 1,
    prev: state?.chain ?? "",
    rosterHash: EMPTY_ROSTER_HASH,
    actor: { account: "ann", kind: "person" },
    requestId: idOf(9001),
    at: (state?.at ?? T0) + 1,
    ...draft,
  } as CanonicalEvent;
  return { ...unhashed, rosterHash: hashAfter(state, unhashed), ...envelope } as CanonicalEvent;
}

function after(
  state: RoomState | undefined,
  draft: EventDraft,
  envelope: Partial<CanonicalEvent> = {},
): RoomState {
  const event = next(state, draft, envelope);
  return evolve(state, event, encodeEvent(event));
}

const closed = after(room, { type: "room_closed", data: {} });

/** The law that the event breaks. */
function lawBrokenBy(
  state: RoomState | undefined,
  draft: EventDraft,
  envelope: Partial<CanonicalEvent> = {},
): string {
  try {
    after(state, draft, envelope);
  } catch (error) {
    if (!(error instanceof LawBroken)) throw error;
    return error.law;
  }
  return "none";
}

const rotation = (from: number, to: number): EventDraft => ({
  type: "key_rotated",
  data: { reason: "lost", rekey: { from, to } },
});
const entryOf = (account: string) => {
  const entry = room.members.get(account);
  if (!entry) throw new Error(`${account} is no member`);
  return entry;
};
type Removal = Extract<EventDraft, { type: "members_removed" }>["data"];
const removal = (data: Partial<Removal>): EventDraft => ({
  type: "members_removed",
  data: { cause: "removed", removed: [], updated: [], ...data },
});
type Addition = Extract<EventDraft, { type: "members_added" }>["data"];
const addition = (data: Partial<Addition>): EventDraft => ({
  type: "members_added",
  data: {
    added: [],
    updated: [],
    orgs: [],
    history: "none",
    source: { users: 0, orgs: 0, channels: 0 },
    ...data,
  },
});
type Creation = Extract<EventDraft, { type: "room_created" }>["data"];
const creation = (data: Partial<Creation>): EventDraft => ({
  type: "room_created",
  data: {
    roomType: "channel",
    name: "Plans",
    members: [entryOf("ann")],
    orgs: [],
    settings: { restricted: false, externalAccess: true },
    keyVersion: 0,
    ...data,
  },
});
const newcomer = { ...entryOf("ann"), account: "dan", userId: dan.userId, role: "member" as const };
const rekey = { from: 0, to: 1 };
const policy = (rekeyOnJoin: boolean): EventDraft => ({ type: "policy_changed", data: { rekeyOnJoin } });

describe("evolve refuses an event whose envelope", () => {
  it.each([
    ["names another room", "room", { roomId: "0".repeat(17) }],
    ["names another site", "room", { siteId: "site-b" }],
    ["repeats the revision", "revision", { revision: room.revision }],
    ["skips a revision", "revision", { revision: room.revision + 2 }],
    ["does not continue the chain", "chain", { prev: direct.chain }],
    ["goes back in time", "time", { at: room.at - 1 }],
    ["has another roster hash than its roster", "roster_hash", { rosterHash: "0".repeat(64) }],
  ] as const)("%s", (_name, law, envelope) => {
    expect(lawBrokenBy(room, rotation(0, 1), envelope)).toBe(law);
  });

  it("stands first without creating the room, or creates it twice", () => {
    expect(lawBrokenBy(undefined, rotation(0, 1))).toBe("creation");
    expect(lawBrokenBy(room, creation({}))).toBe("creation");
    expect(lawBrokenBy(undefined, creation({}), { revision: 2 })).toBe("revision");
    expect(lawBrokenBy(undefined, creation({}), { prev: room.chain })).toBe("chain");
  });
});

describe("evolve refuses", () => {
  it.each([
    ["adding a member again", "membership", addition({ added: [entryOf("bob")] })],
    ["adding somebody twice", "membership", addition({ added: [newcomer, newcomer] })],
    [
      "changing somebody who is no member",
      "membership",
      addition({ updated: [{ account: "dan", individual: true, viaOrgs: [] }] }),
    ],
    ["removing somebody who is no member", "membership", removal({ removed: ["dan"], rekey })],
    ["removing somebody twice", "membership", removal({ removed: ["bob", "bob"], rekey })],
    [
      "changing somebody who was just removed",
      "membership",
      removal({
        removed: ["cat"],
        updated: [{ account: "cat", individual: true, viaOrgs: [], role: "member" }],
        rekey,
      }),
    ],
    ["promoting somebody who is no member", "membership", removal({ promoted: "dan" })],
    [
      "a role change from a role the member does not have",
      "membership",
      { type: "role_changed", data: { account: "cat", from: "owner", to: "member" } },
    ],
    [
      "a role change that changes nothing",
      "membership",
      { type: "role_changed", data: { account: "cat", from: "member", to: "member" } },
    ],
    [
      "a role change of somebody who is no member",
      "membership",
      { type: "role_changed", data: { account: "dan", from: "member", to: "owner" } },
    ],
    [
      "demoting somebody who is no owner",
      "membership",
      { type: "room_restricted", data: { restricted: true, externalAccess: true, demoted: ["cat"] } },
    ],
    ["adding an org again", "org", addition({ orgs: [{ orgId: "eng", name: "Eng" }] })],
    ["removing an org that is not there", "org", removal({ cause: "org_removed", orgId: "tech" })],
    [
      "a member through an org that is not there",
      "presence",
      addition({ added: [{ ...newcomer, individual: false, viaOrgs: ["tech"] }] }),
    ],
    [
      "a member who is neither named nor in an org",
      "presence",
      removal({ updated: [{ account: "bob", individual: false, viaOrgs: [], role: "member" }] }),
    ],
    ["an org that goes while members are in through it", "presence", removal({ orgId: "eng" })],
    [
      "an owner who is not named",
      "owner_individual",
      { type: "role_changed", data: { account: "bob", from: "member", to: "owner" } },
    ],
    ["a channel without an owner", "owner", removal({ removed: ["ann"], rekey })],
    ["a removal without a new key", "rekey", removal({ removed: ["bob"] })],
    ["a new key in a removal that removes nobody", "rekey", removal({ rekey })],
    ["a key version that skips one", "rekey", rotation(0, 2)],
    ["a key version that stays", "rekey", rotation(0, 0)],
    ["a key version from another than the room's", "rekey", rotation(1, 2)],
    ["a new key in an addition where joining keeps it", "rekey", addition({ added: [newcomer], rekey })],
    [
      "a newcomer who starts at a key to come",
      "key_from",
      addition({ added: [{ ...newcomer, keyFrom: 1 }] }),
    ],
  ] as const satisfies [string, string, EventDraft][])("%s", (_name, law, draft) => {
    expect(lawBrokenBy(room, draft)).toBe(law);
  });

  it("an addition that keeps the key where joining changes it, or changes it though nobody joins", () => {
    const policed = after(room, policy(true));
    expect(lawBrokenBy(policed, addition({ added: [newcomer] }))).toBe("rekey");
    expect(lawBrokenBy(policed, addition({ orgs: [{ orgId: "ops", name: "Ops" }], rekey }))).toBe("rekey");
    expect(lawBrokenBy(policed, addition({ added: [newcomer], rekey: { from: 0, to: 2 } }))).toBe("rekey");
    expect(lawBrokenBy(policed, addition({ added: [newcomer], rekey: { from: 1, to: 2 } }))).toBe("rekey");
    expect(lawBrokenBy(policed, addition({ orgs: [{ orgId: "ops", name: "Ops" }] }))).toBe("none");
    const toCome = { ...newcomer, keyFrom: 2 };
    expect(lawBrokenBy(policed, addition({ added: [toCome], rekey }))).toBe("key_from");
    expect(lawBrokenBy(policed, addition({ added: [{ ...newcomer, keyFrom: 1 }], rekey }))).toBe("none");
    expect(lawBrokenBy(after(policed, policy(false)), addition({ added: [newcomer], rekey }))).toBe("rekey");
  });

  it("a channel that is created without an owner or with a member twice", () => {
    expect(lawBrokenBy(undefined, creation({ members: [newcomer] }))).toBe("owner");
    expect(lawBrokenBy(undefined, creation({ members: [entryOf("ann"), entryOf("ann")] }))).toBe(
      "membership",
    );
    const twice = { orgId: "eng", name: "Eng" };
    expect(lawBrokenBy(undefined, creation({ orgs: [twice, twice] }))).toBe("org");
  });

  it("a direct message of other than two individual members without orgs", () => {
    const pair = [...direct.members.values()];
    const [one, other] = pair;
    if (!one || !other) throw new Error("a direct message has two members");
    expect(lawBrokenBy(undefined, creation({ roomType: "dm", members: pair }))).toBe("none");
    expect(lawBrokenBy(undefined, creation({ roomType: "dm", members: [one] }))).toBe("direct");
    const third = { ...one, account: "cat" };
    expect(lawBrokenBy(undefined, creation({ roomType: "dm", members: [...pair, third] }))).toBe("direct");
    const orgs = [{ orgId: "eng", name: "Eng" }];
    expect(lawBrokenBy(undefined, creation({ roomType: "dm", members: pair, orgs }))).toBe("direct");
  });

  it("that anybody joins or leaves a direct message, unless the account was disabled", () => {
    expect(lawBrokenBy(direct, addition({ added: [{ ...newcomer, keyFrom: 0 }] }))).toBe("direct");
    expect(lawBrokenBy(direct, removal({ removed: ["bob"], rekey }))).toBe("direct");
    expect(lawBrokenBy(direct, { type: "room_renamed", data: { from: "", to: "Us" } })).toBe("direct");
    expect(lawBrokenBy(direct, policy(true))).toBe("direct");
    expect(lawBrokenBy(direct, removal({ cause: "disabled", removed: ["bob"], rekey }))).toBe("none");
    expect(lawBrokenBy(direct, rotation(0, 1))).toBe("none");
  });

  it("everything but leaving and new keys in a closed room", () => {
    const renamed: EventDraft = { type: "room_renamed", data: { from: "Plans", to: "Old plans" } };
    expect(lawBrokenBy(closed, renamed)).toBe("closed");
    expect(lawBrokenBy(closed, addition({ added: [newcomer] }))).toBe("closed");
    expect(lawBrokenBy(closed, { type: "room_closed", data: {} })).toBe("closed");
    expect(lawBrokenBy(closed, policy(true))).toBe("closed");
    expect(lawBrokenBy(closed, rotation(0, 1))).toBe("none");
  });
});

describe("evolve", () => {
  // R39
  it("names the room and the revision but no account when it refuses", () => {
    const event = next(room, removal({ removed: ["nobody"], rekey }));
    expect(() => evolve(room, event, encodeEvent(event))).toThrow(
      new LawBroken("membership", { roomId: room.roomId, revision: 2 }),
    );
    expect(new LawBroken("membership", event).message).not.toContain("nobody");
  });

  it("lets the last owner and the last member of a closed room go", () => {
    const all = [...closed.members.keys()];
    const empty = after(closed, removal({ cause: "left", removed: all, rekey }));
    expect(empty.members.size).toBe(0);
    expect(empty.rosterHash).toBe(EMPTY_ROSTER_HASH);
  });

  it("promotes a survivor when a disabled account leaves no owner", () => {
    const disabled = removal({ cause: "disabled", removed: ["ann"], promoted: "cat", rekey });
    const survived = after(room, disabled);
    expect(survived.members.get("cat")?.role).toBe("owner");
    expect(survived.keyVersion).toBe(1);
  });

  it("renames, restricts and closes", () => {
    const renamed = after(room, { type: "room_renamed", data: { from: "Plans", to: "Deeds" } });
    expect(renamed.name).toBe("Deeds");
    const restricted = after(renamed, {
      type: "room_restricted",
      data: { restricted: true, externalAccess: false, owner: "cat", demoted: ["ann"] },
    });
    expect(restricted.settings).toEqual({ restricted: true, externalAccess: false });
    const roles = [...restricted.members.values()].map(({ account, role }) => [account, role]);
    expect(roles).toEqual([
      ["ann", "member"],
      ["cat", "owner"],
      ["bob", "member"],
    ]);
    expect(after(restricted, { type: "room_closed", data: {} }).closed).toBe(true);
  });

  it("moves to the key of an addition where joining changes it", () => {
    const policed = after(room, policy(true));
    expect(policed.settings).toEqual({ ...room.settings, rekeyOnJoin: true });
    expect(policed.keyVersion).toBe(0);
    const joined = after(policed, addition({ added: [{ ...newcomer, keyFrom: 1 }], rekey }));
    expect(joined.keyVersion).toBe(1);
    expect(joined.members.get("dan")?.keyFrom).toBe(1);
    expect(after(joined, policy(false)).settings).toStrictEqual(room.settings);
  });

  it("keeps when an org came and drops it when it goes", () => {
    expect(room.orgs).toEqual(new Map([["eng", { addedAt: room.createdAt, name: "The eng" }]]));
    const updated = [{ account: "cat", individual: true, viaOrgs: [], role: "member" as const }];
    const dropped = after(
      room,
      removal({ cause: "org_removed", orgId: "eng", removed: ["bob"], updated, rekey }),
    );
    expect(dropped.orgs.size).toBe(0);
    expect([...dropped.members.keys()]).toEqual(["ann", "cat"]);
  });

  it("remembers the newest 256 requests with what they asked for", () => {
    let state = room;
    for (let number = 1; number <= 256; number += 1)
      state = after(state, rotation(number - 1, number), { requestId: idOf(number) });
    expect(state.recentRequests).toHaveLength(256);
    expect(state.recentRequests[0]).toEqual({
      requestId: idOf(1),
      account: "ann",
      operation: "key.rotate",
      revision: 2,
    });
    expect(state.recentRequests.at(-1)?.revision).toBe(257);
    expect(room.recentRequests).toEqual([
      { requestId: room.recentRequests[0]?.requestId, account: "ann", operation: "room.create", revision: 1 },
    ]);
  });

  it("leaves the state it starts from as it was", () => {
    const before = structuredClone(room);
    after(room, removal({ removed: ["bob", "cat"], rekey }));
    roomAfter(createChannel({}), add("ann", { users: [agent("tool")] }));
    expect(room).toStrictEqual(before);
  });
});
