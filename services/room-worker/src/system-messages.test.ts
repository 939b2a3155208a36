import type { RoomEventOf } from "@parley/contract/events";
import { eventOf } from "@parley/room/event-of";
import type { EventDraft } from "@parley/room/ruling";
import type { RoomState } from "@parley/room/state";
import {
  add,
  agent,
  bob,
  cat,
  createChannel,
  dan,
  happening,
  org,
  person,
  remove,
  removeOrg,
  roomAfter,
} from "@parley/room/test/fixtures";
import { describe, expect, test } from "vitest";

import {
  messageOfAddition,
  messageOfClosing,
  messageOfPolicy,
  messageOfRemoval,
  messageOfRename,
  messageOfRestriction,
  messagesOfCreation,
} from "./system-messages.ts";

const NAMES: Readonly<Record<string, string>> = { ann: "Ann Lee", bob: 'Bob "B" Ray', cat: "Cat" };
const names = (account: string): string => NAMES[account] ?? account;

const created = (...parts: Parameters<typeof createChannel>) =>
  messagesOfCreation(
    happening(undefined, createChannel(...parts)).event as RoomEventOf<"room_created">,
    names,
  );
const added = (before: RoomState, ...parts: Parameters<typeof add>) =>
  messageOfAddition(happening(before, add(...parts)).event as RoomEventOf<"members_added">, names);
const removed = (before: RoomState, command: ReturnType<typeof remove> | ReturnType<typeof removeOrg>) =>
  messageOfRemoval(happening(before, command).event as RoomEventOf<"members_removed">, names);
const drafted = <T extends EventDraft["type"]>(
  before: RoomState,
  draft: EventDraft & { readonly type: T },
): RoomEventOf<T> => eventOf(before, remove("ann", "ann"), draft).event as unknown as RoomEventOf<T>;

describe("room_created", () => {
  // R78
  test("says who created the room, under its name", () => {
    expect(created({})).toEqual([
      { type: "room_created", content: '"Ann Lee" created the room', data: { name: "Plans" } },
    ]);
  });

  test("is followed by who is there besides, by name for a single one", () => {
    const [, second] = created({ users: [bob] });
    expect(second).toEqual({
      type: "members_added",
      content: '"Ann Lee" added "Bob "B" Ray"',
      data: { users: 1, orgs: 0, channels: 0, addedCount: 1 },
    });
  });

  test("counts people and organisations otherwise", () => {
    const [, second] = created({ users: [dan, person("fay")], orgs: [org("eng")] });
    expect(second).toEqual({
      type: "members_added",
      content: '"Ann Lee" added 4 people and 1 organisation',
      data: { users: 2, orgs: 1, channels: 0, addedCount: 4 },
    });
  });
});

describe("members_added", () => {
  const alone = roomAfter(createChannel({}));

  test("names a single account, in quotes whatever it is called", () => {
    expect(added(alone, "ann", { users: [bob] }).content).toBe('"Ann Lee" added "Bob "B" Ray"');
  });

  // R79
  test("goes by the account of somebody without a name", () => {
    expect(added(alone, "ann", { users: [agent("bot")] }).content).toBe('"Ann Lee" added "bot"');
  });

  test.each([
    ["2 people", { users: [bob, cat] }],
    ["2 people and 1 organisation", { orgs: [org("eng")] }],
    ["3 people and 2 organisations", { orgs: [org("eng"), org("tech")] }],
    ["1 person and 1 organisation", { orgs: [org("tech", [dan])] }],
  ])("counts %s", (counted, parts) => {
    expect(added(alone, "ann", parts).content).toBe(`"Ann Lee" added ${counted}`);
  });

  test("leaves the people out when only an organisation is new", () => {
    const full = roomAfter(createChannel({ users: [cat, dan] }));
    expect(added(full, "ann", { orgs: [org("tech")] })).toEqual({
      type: "members_added",
      content: '"Ann Lee" added 1 organisation',
      data: { users: 0, orgs: 1, channels: 0, addedCount: 0 },
    });
  });

  test("counts one person when of several named only one is new", () => {
    const withBob = roomAfter(createChannel({ users: [bob] }));
    expect(added(withBob, "ann", { users: [bob, cat] })).toMatchObject({
      content: '"Ann Lee" added 1 person',
      data: { users: 2, addedCount: 1 },
    });
  });
});

describe("members_removed", () => {
  const full = roomAfter(createChannel({ users: [bob, cat], orgs: [org("tech")] }));

  test("says who left", () => {
    expect(removed(full, remove("bob", "bob"))).toEqual({
      type: "member_left",
      content: '"Bob "B" Ray" left',
      data: { account: "bob" },
    });
  });

  test("says who removed whom", () => {
    expect(removed(full, remove("ann", "bob"))).toEqual({
      type: "member_removed",
      content: '"Ann Lee" removed "Bob "B" Ray"',
      data: { account: "bob" },
    });
  });

  test("says nothing of somebody whom an org keeps", () => {
    expect(removed(full, remove("cat", "cat"))).toBeUndefined();
  });

  test("counts one person whom an organisation takes along", () => {
    expect(removed(full, removeOrg("ann", "tech"))).toEqual({
      type: "org_removed",
      content: '"Ann Lee" removed the organisation "The tech" (1 person)',
      data: { orgId: "tech", orgName: "The tech", removedCount: 1 },
    });
  });

  test.each([
    ["0 people", [cat, dan]],
    ["2 people", []],
  ])("counts %s whom an organisation takes along", (counted, users) => {
    const room = roomAfter(createChannel({ users, orgs: [org("tech")] }));
    expect(removed(room, removeOrg("ann", "tech"))?.content).toBe(
      `"Ann Lee" removed the organisation "The tech" (${counted})`,
    );
  });

  test("says of a disabled account that it is no longer available, and who was promoted", () => {
    const event = drafted(full, {
      type: "members_removed",
      data: {
        cause: "disabled",
        account: "ann",
        removed: ["ann"],
        updated: [],
        promoted: "bob",
        rekey: { from: 0, to: 1 },
      },
    });
    expect(messageOfRemoval(event, names)).toEqual({
      type: "member_disabled",
      content: '"Ann Lee" is no longer available',
      data: { account: "ann", promoted: "bob" },
    });
  });
});

describe("the other types", () => {
  const room = roomAfter(createChannel({ users: [bob] }));

  test("room_renamed", () => {
    const event = drafted(room, { type: "room_renamed", data: { from: "Plans", to: 'The "new" one' } });
    expect(messageOfRename(event, names)).toEqual({
      type: "room_renamed",
      content: '"Ann Lee" renamed the room to "The "new" one"',
      data: { name: 'The "new" one' },
    });
  });

  test("room_restricted, on and off", () => {
    const on = { restricted: true, externalAccess: false, owner: "bob", demoted: ["ann"] };
    const off = { restricted: false, externalAccess: true, demoted: [] };
    expect(messageOfRestriction(drafted(room, { type: "room_restricted", data: on }), names)).toEqual({
      type: "room_restricted",
      content: '"Ann Lee" restricted the room',
      data: { restricted: true, externalAccess: false, ownerAccount: "bob" },
    });
    expect(messageOfRestriction(drafted(room, { type: "room_restricted", data: off }), names)).toEqual({
      type: "room_restricted",
      content: '"Ann Lee" lifted the restriction',
      data: { restricted: false, externalAccess: true },
    });
  });

  test("policy_changed, on and off", () => {
    const changed = (state: typeof room, rekeyOnJoin: boolean) =>
      messageOfPolicy(drafted(state, { type: "policy_changed", data: { rekeyOnJoin } }), names);
    expect(changed(room, true)).toEqual({
      type: "policy_changed",
      content: '"Ann Lee" had the key change when somebody joins',
      data: { rekeyOnJoin: true },
    });
    expect(changed(room, false)).toEqual({
      type: "policy_changed",
      content: '"Ann Lee" had the key stay when somebody joins',
      data: { rekeyOnJoin: false },
    });
  });

  test("room_closed", () => {
    expect(messageOfClosing(drafted(room, { type: "room_closed", data: {} }), names)).toEqual({
      type: "room_closed",
      content: '"Ann Lee" closed the room',
      data: {},
    });
  });
});

test("speaks for whom the system acted for, and for the system when that is nobody", () => {
  const room = roomAfter(createChannel({ users: [bob] }));
  const event = drafted(room, { type: "room_closed", data: {} });
  const system = { account: "system", kind: "system" } as const;
  const contentBy = (actor: RoomEventOf<"room_closed">["actor"]) =>
    messageOfClosing({ ...event, actor }, names).content;
  expect(contentBy({ ...system, onBehalfOf: "ann" })).toBe('"Ann Lee" closed the room');
  expect(contentBy(system)).toBe('"system" closed the room');
});
