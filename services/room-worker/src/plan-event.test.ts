import type { CanonicalEvent } from "@parley/contract/events";
import type { RoomCommand } from "@parley/room/command";
import { eventOf, type NextEvent } from "@parley/room/event-of";
import type { EventDraft } from "@parley/room/ruling";
import type { RoomState } from "@parley/room/state";
import {
  add,
  agent,
  ann,
  bob,
  bot,
  cat,
  createChannel,
  createDirect,
  dan,
  happening,
  org,
  person,
  remove,
  removeOrg,
  roomAfter,
  rotate,
  setPolicy,
  setRole,
} from "@parley/room/test/fixtures";
import { describe, expect, test } from "vitest";

import { namedIn, planEvent } from "./plan-event.ts";

const names = (account: string): string => account.toUpperCase();

const accounts = (entries: readonly { account: string }[]): string[] =>
  entries.map(({ account }) => account).toSorted();

/** The plan of the next event with accounts for entries, so that a cell of SPEC-rooms 4.2 reads as one line. */
function planned(before: RoomState | undefined, { event, state }: NextEvent) {
  const plan = planEvent(event, { before, after: state, names });
  return {
    put: accounts(plan.put),
    change: plan.change,
    remove: accounts(plan.lost),
    key: plan.key,
    newcomers: accounts(plan.put),
    keyTo: accounts(plan.keyRecipients),
    activate: plan.activate,
    own: [
      ...plan.lost.map(({ account }) => `${account} removed`),
      ...plan.roleChanged.map(({ account }) => `${account} role_changed`),
    ],
    notice: plan.roomNotice?.type,
    messages: plan.systemMessages.map(({ type }) => type),
  };
}

const plan = (before: RoomState | undefined, command: RoomCommand) =>
  planned(before, happening(before, command));
/** For events that no command of this release makes. */
const drafted = (before: RoomState, draft: EventDraft): NextEvent =>
  eventOf(before, remove("ann", "ann"), draft);

const NOTHING = {
  put: [],
  change: [],
  remove: [],
  key: { call: "none" },
  newcomers: [],
  keyTo: [],
  activate: false,
  own: [],
  notice: undefined,
  messages: [],
};

/** ann owns it; bob was named, cat came with eng and tech, dan with tech. */
const channel = (): RoomState =>
  roomAfter(createChannel({ users: [bob], orgs: [org("eng"), org("tech")] }), rotate(0));

describe("room_created", () => {
  const created = {
    ...NOTHING,
    key: { call: "prepare", version: 0 },
    activate: true,
  };

  test("puts everybody, hands everybody version 0, and tells a channel who opened it with whom", () => {
    const everybody = ["ann", "bob", "cat"];
    expect(plan(undefined, createChannel({ users: [bob, cat] }))).toEqual({
      ...created,
      put: everybody,
      newcomers: everybody,
      keyTo: everybody,
      messages: ["room_created", "members_added"],
    });
  });

  test("posts one message for a channel of its creator alone", () => {
    expect(plan(undefined, createChannel({})).messages).toEqual(["room_created"]);
  });

  test.each([
    ["a dm", person("fay")],
    ["an agentDm", agent("bot")],
  ])("opens %s without room notice and system message", (_, other) => {
    const pair = ["ann", other.account].toSorted();
    expect(plan(undefined, createDirect(ann, other))).toEqual({
      ...created,
      put: pair,
      newcomers: pair,
      keyTo: pair,
    });
  });
});

describe("members_added", () => {
  const before = roomAfter(createChannel({ users: [bob] }), rotate(0));

  test("hands newcomers the evolved state's version, and nobody else anything of their own", () => {
    expect(plan(before, add("ann", { users: [cat, bot] }))).toEqual({
      ...NOTHING,
      put: ["bot", "cat"],
      key: { call: "version", version: 1 },
      newcomers: ["bot", "cat"],
      keyTo: ["bot", "cat"],
      notice: "members_added",
      messages: ["members_added"],
    });
  });

  test("makes the version they join where joining changes the key, and hands it to everybody", () => {
    const policed = happening(before, setPolicy("ann", true)).state;
    expect(plan(policed, add("ann", { users: [cat, bot] }))).toEqual({
      ...NOTHING,
      put: ["bot", "cat"],
      key: { call: "prepare", version: 2 },
      newcomers: ["bot", "cat"],
      keyTo: ["ann", "bob", "bot", "cat"],
      activate: true,
      notice: "members_added",
      messages: ["members_added"],
    });
    const withCat = happening(policed, add("ann", { users: [cat] })).state;
    expect(plan(withCat, add("ann", { orgs: [org("eng")] }))).toMatchObject({
      key: { call: "version", version: 2 },
      keyTo: [],
      activate: false,
    });
  });

  test("changes whom an org covers besides, and sends those nothing", () => {
    expect(plan(before, add("ann", { orgs: [org("eng")] }))).toMatchObject({
      put: ["cat"],
      change: [{ account: "bob", individual: true, viaOrgs: ["eng"] }],
      newcomers: ["cat"],
      keyTo: ["cat"],
      own: [],
    });
  });

  test("tells of a new org although everybody of it is here", () => {
    const withBoth = roomAfter(createChannel({ users: [bob, cat] }));
    expect(plan(withBoth, add("ann", { orgs: [org("eng")] }))).toMatchObject({
      put: [],
      newcomers: [],
      key: { call: "version", version: 0 },
      notice: "members_added",
      messages: ["members_added"],
    });
  });

  // R26
  test("with nobody but people who are here already it only changes their rows", () => {
    const withOrg = roomAfter(createChannel({ orgs: [org("tech")] }));
    expect(plan(withOrg, add("ann", { users: [cat] }))).toEqual({
      ...NOTHING,
      change: [{ account: "cat", individual: true, viaOrgs: ["tech"] }],
    });
  });

  test("the notice carries rows of the newcomers with their names, and orgs with whom they cover", () => {
    const { event, state } = happening(before, add("ann", { orgs: [org("tech")] }));
    const { roomNotice } = planEvent(event, { before, after: state, names });
    expect(roomNotice?.body).toMatchObject({
      members: [
        { account: "cat", name: "CAT", viaOrgs: ["tech"], role: "member", individual: false },
        { account: "dan", name: "DAN" },
      ],
      orgs: [{ orgId: "tech", name: "The tech", memberCount: 2, addedAt: state.at }],
      by: "ann",
    });
  });
});

describe("members_removed", () => {
  const rekeyed = { key: { call: "prepare", version: 2 }, activate: true };

  // R50
  test("of one account: survivors get the next version, the removed learns of it alone", () => {
    const named = roomAfter(createChannel({ users: [bob, dan] }), rotate(0));
    expect(plan(named, remove("ann", "bob"))).toEqual({
      ...NOTHING,
      ...rekeyed,
      remove: ["bob"],
      keyTo: ["ann", "dan"],
      own: ["bob removed"],
      notice: "members_removed",
      messages: ["member_removed"],
    });
  });

  test("a leave posts that somebody left", () => {
    const named = roomAfter(createChannel({ users: [bob] }));
    expect(plan(named, remove("bob", "bob")).messages).toEqual(["member_left"]);
  });
});

describe("members_removed, whom an org keeps", () => {
  const kept = roomAfter(
    createChannel({ users: [cat], orgs: [org("tech")] }),
    setRole("ann", "cat", "owner"),
  );

  // R30
  test("only changes the row and tells an owner of the role that went", () => {
    expect(plan(kept, remove("cat", "cat"))).toEqual({
      ...NOTHING,
      change: [{ account: "cat", individual: false, viaOrgs: ["tech"], role: "member" }],
      own: ["cat role_changed"],
    });
  });

  test("is told nothing when the role stays", () => {
    const member = roomAfter(createChannel({ users: [cat], orgs: [org("tech")] }));
    expect(plan(member, remove("ann", "cat"))).toMatchObject({ own: [], notice: undefined, messages: [] });
  });
});

describe("members_removed, of an org", () => {
  // R32
  test("takes whom nothing else covers, in one rotation", () => {
    const before = channel();
    expect(plan(before, removeOrg("ann", "tech"))).toMatchObject({
      remove: ["dan"],
      change: [{ account: "cat", individual: false, viaOrgs: ["eng"], role: "member" }],
      key: { call: "prepare", version: 2 },
      keyTo: ["ann", "bob", "cat"],
      own: ["dan removed"],
      notice: "members_removed",
      messages: ["org_removed"],
    });
  });

  // R31
  test("that takes nobody is told to the room under the current key and rotates nothing", () => {
    const before = roomAfter(createChannel({ users: [cat, dan], orgs: [org("tech")] }));
    expect(plan(before, removeOrg("ann", "tech"))).toMatchObject({
      remove: [],
      key: { call: "current", version: 0 },
      keyTo: [],
      activate: false,
      own: [],
      notice: "members_removed",
      messages: ["org_removed"],
    });
  });
});

describe("members_removed, of a disabled account", () => {
  const before = roomAfter(createChannel({ users: [cat, dan] }));
  const promoted = drafted(before, {
    type: "members_removed",
    data: {
      cause: "disabled",
      account: "ann",
      removed: ["ann"],
      updated: [],
      promoted: "cat",
      rekey: { from: 0, to: 1 },
    },
  });

  test("makes the promoted one an owner in the rows and tells them", () => {
    expect(planned(before, promoted)).toMatchObject({
      remove: ["ann"],
      change: [{ account: "cat", role: "owner" }],
      keyTo: ["cat", "dan"],
      own: ["ann removed", "cat role_changed"],
      messages: ["member_disabled"],
    });
  });

  test("writes each row once, also for a promoted one whose orgs change", () => {
    const withOrg = roomAfter(createChannel({ users: [cat], orgs: [org("eng"), org("tech")] }));
    const both = drafted(withOrg, {
      type: "members_removed",
      data: {
        cause: "disabled",
        account: "ann",
        removed: ["ann"],
        updated: [{ account: "cat", individual: true, viaOrgs: ["eng", "tech"], role: "member" }],
        promoted: "cat",
        rekey: { from: 0, to: 1 },
      },
    });
    expect(planned(withOrg, both).change).toEqual([
      { account: "cat", individual: true, viaOrgs: ["eng", "tech"], role: "owner" },
    ]);
  });
});

describe("the other types", () => {
  const before = roomAfter(createChannel({ users: [bob, cat] }), setRole("ann", "bob", "owner"));
  const current = { ...NOTHING, key: { call: "current", version: 0 } };

  test("role_changed: the row, its owner, the room; no system message", () => {
    expect(plan(before, setRole("ann", "cat", "owner"))).toEqual({
      ...current,
      change: [{ account: "cat", role: "owner" }],
      own: ["cat role_changed"],
      notice: "role_changed",
    });
  });

  test("key_rotated: everybody gets the next version, nobody reads of it", () => {
    expect(plan(before, rotate(0))).toEqual({
      ...NOTHING,
      key: { call: "prepare", version: 1 },
      keyTo: ["ann", "bob", "cat"],
      activate: true,
    });
  });

  test("room_renamed: the room is told", () => {
    const next = drafted(before, { type: "room_renamed", data: { from: "Plans", to: "Deeds" } });
    expect(planned(before, next)).toEqual({ ...current, notice: "room_renamed", messages: ["room_renamed"] });
  });

  test("room_restricted: the roles it takes and gives, each told to whom it concerns", () => {
    const next = drafted(before, {
      type: "room_restricted",
      data: { restricted: true, externalAccess: true, owner: "cat", demoted: ["ann", "bob"] },
    });
    expect(planned(before, next)).toEqual({
      ...current,
      change: [
        { account: "cat", role: "owner" },
        { account: "ann", role: "member" },
        { account: "bob", role: "member" },
      ],
      own: ["cat role_changed", "ann role_changed", "bob role_changed"],
      notice: "room_restricted",
      messages: ["room_restricted"],
    });
  });

  test("policy_changed: the room is told, and the key stays", () => {
    expect(plan(before, setPolicy("ann", true))).toEqual({
      ...current,
      notice: "policy_changed",
      messages: ["policy_changed"],
    });
    const { event, state } = happening(before, setPolicy("ann", true));
    expect(planEvent(event, { before, after: state, names }).roomNotice).toEqual({
      type: "policy_changed",
      body: { rekeyOnJoin: true, by: "ann" },
    });
  });

  test("room_closed: the room is told", () => {
    const next = drafted(before, { type: "room_closed", data: {} });
    expect(planned(before, next)).toEqual({ ...current, notice: "room_closed", messages: ["room_closed"] });
  });

  test("key_rotated in a dm: both get it", () => {
    const dm = roomAfter(createDirect(ann, person("fay")));
    expect(plan(dm, rotate(0))).toMatchObject({ keyTo: ["ann", "fay"], notice: undefined, messages: [] });
  });
});

test("an event is never changed by planning it, and plans the same twice", () => {
  const before = channel();
  const next = happening(before, remove("ann", "bob"));
  const copy = structuredClone(next.event);
  expect(planned(before, next)).toEqual(planned(before, next));
  expect(next.event).toEqual(copy);
});

const named = (event: CanonicalEvent): string[] => [...new Set(namedIn(event))].toSorted();

test("asks for the names of the actor, of newcomers and of whom a removal names", () => {
  const before = channel();
  expect(named(happening(undefined, createChannel({ users: [bob] })).event)).toEqual(["ann", "bob"]);
  expect(named(happening(before, add("ann", { users: [bot] })).event)).toEqual(["ann", "bot"]);
  expect(named(happening(before, remove("ann", "bob")).event)).toEqual(["ann", "bob"]);
  expect(named(happening(before, removeOrg("ann", "tech")).event)).toEqual(["ann"]);
  expect(named(happening(before, rotate(1)).event)).toEqual(["system"]);
  expect(named(happening(before, setPolicy("ann", true)).event)).toEqual(["ann"]);
});

test("whatever an agent does is told as the agent's own, not of whom it acts for", () => {
  const before = channel();
  const event = {
    ...happening(before, add("ann", { users: [bot] })).event,
    actor: { account: "bot", kind: "agent" as const, onBehalfOf: "ann" },
  };
  const { roomNotice, systemMessages } = planEvent(event, { before, after: before, names });
  expect(roomNotice?.body).toMatchObject({ by: "bot" });
  expect(systemMessages[0]?.content).toBe('"BOT" added "BOT"');
});
