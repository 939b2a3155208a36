import { traceOf } from "@parley/messaging/trace";
import type { CommandOutcome, AskedCommand } from "@parley/room-log/room-log";
import type { LogHead } from "@parley/room-log/event-reader";
import { createChannel, happening, remove, rename } from "@parley/room/test/fixtures";
import type { RoomDocument } from "@parley/mongo/room-document-store";
import { describe, expect, test } from "vitest";

import { createCommands, type Commanding } from "./run-command.ts";

const REQUEST_ID = "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f";
const ROOM = "jHjHNiEuCoJo8Nrzp";
const NOW = 1_750_000_000_000;
const asked: Commanding = {
  actor: { account: "bob", kind: "person" },
  requestId: REQUEST_ID,
  trace: traceOf(undefined, REQUEST_ID),
  elapsedMs: () => 7,
};

/** A room as the projection of a site that takes part in it holds it. */
const roomAt = (siteId: string): RoomDocument => ({
  roomId: ROOM,
  siteId,
  type: "channel",
  name: "Plans",
  settings: { restricted: false, externalAccess: true },
  closed: false,
  sites: [siteId, "site-a"],
  memberCount: 2,
  agentCount: 0,
  keyVersion: 0,
  applied: 1,
  appliedAt: NOW,
  chain: "",
  rosterHash: "",
  rosterDigest: "0".repeat(64),
  digestRevision: 1,
  createdAt: NOW,
  orgs: [],
});

/** Commands over a log that answers with this outcome, or asks for admission first. */
function setUp(of: {
  outcome?: CommandOutcome;
  applied?: number;
  hasRow?: boolean;
  head?: LogHead;
  /** Home of the replica that this site holds instead of a log. */
  replicaOf?: string;
}) {
  const sent: AskedCommand[] = [];
  const steps: string[] = [];
  const commands = createCommands({
    roomLog: {
      command: async (command) => {
        sent.push(command);
        await command.admit?.(of.head);
        return of.outcome ?? { status: "unchanged" };
      },
    },
    rooms: {
      progress: async () => ({ applied: of.applied ?? 0 }),
      find: async () => (of.replicaOf === undefined ? undefined : roomAt(of.replicaOf)),
    },
    subscriptions: { hasRow: async () => of.hasRow ?? false, find: async () => undefined },
    siteId: "site-a",
    now: () => NOW,
    afterStep: (type, step) => steps.push(`${type} ${step}`),
  });
  return { commands, sent, steps };
}

const byAnybody = (of: Parameters<typeof setUp>[0]) =>
  setUp(of).commands.ofAnybody(asked, ROOM, (parts) => ({ ...remove("bob", "bob"), ...parts }));
const byMember = (of: Parameters<typeof setUp>[0]) =>
  setUp(of).commands.ofMember(asked, ROOM, (parts) => ({ ...remove("bob", "bob"), ...parts }));

const byAdmin = (of: Parameters<typeof setUp>[0], isAdmin = true) =>
  setUp(of).commands.ofMemberOrAdmin({ ...asked, isAdmin }, ROOM, (parts) => ({
    ...rename("bob", "Deeds"),
    ...parts,
  }));

const accepted = (repeat: boolean): CommandOutcome => ({ status: "accepted", revision: 4, repeat });

describe("a reply", () => {
  test.for([
    [
      "a first acceptance is not done yet",
      accepted(false),
      4,
      { status: "accepted", revision: 4, done: false },
    ],
    [
      "a repeat is done once its event is applied",
      accepted(true),
      4,
      { status: "accepted", revision: 4, done: true },
    ],
    ["a repeat is not done before", accepted(true), 3, { status: "accepted", revision: 4, done: false }],
    [
      "an existing room is done with its first event",
      { status: "exists" },
      1,
      { status: "exists", done: true },
    ],
    ["an existing room is not done before", { status: "exists" }, 0, { status: "exists", done: false }],
    ["what is unchanged names neither", { status: "unchanged" }, 9, { status: "unchanged" }],
  ] as const)("%s", async ([, outcome, applied, reply]) => {
    expect(await byAnybody({ outcome, applied })).toEqual({ requestId: REQUEST_ID, roomId: ROOM, ...reply });
  });
});

test("a command carries who asked, under which id, when, and how long ago", async () => {
  const { commands, sent } = setUp({});
  await commands.ofAnybody(asked, ROOM, (parts) => ({ ...remove("ann", "bob"), ...parts }));
  const [command] = sent;
  expect(command).toMatchObject({
    roomId: ROOM,
    trace: asked.trace,
    command: { type: "remove_member", actor: asked.actor, requestId: REQUEST_ID, at: NOW },
  });
  expect(command?.elapsedMs()).toBe(7);
  expect(command?.command.eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
});

describe("before a room is loaded for a member's command", () => {
  const { event, bytes } = happening(undefined, createChannel({}));
  const stored = { event, bytes, streamSequence: 5, previousSequence: 0, trace: asked.trace };
  const head: LogHead = { streamSequence: 5, stored };
  const refused = { reason: "not_room_member" };

  test("a room without messages is refused", async () => {
    await expect(byMember({ hasRow: true })).rejects.toMatchObject(refused);
  });

  test("whoever has no row is refused once the projection has reached the log's head", async () => {
    await expect(byMember({ head, applied: 1 })).rejects.toMatchObject(refused);
  });

  test("whoever has a row, be it a removed one, is let in: the log knows more", async () => {
    expect(await byMember({ head, applied: 1, hasRow: true })).toMatchObject({ status: "unchanged" });
  });

  test("nobody is refused by a projection that lags, or by a last message that is no event", async () => {
    expect(await byMember({ head, applied: 0 })).toMatchObject({ status: "unchanged" });
    expect(await byMember({ head: { streamSequence: 5 }, applied: 9 })).toMatchObject({
      status: "unchanged",
    });
  });

  test("a directory admin is let in without a row where the command admits them, anybody else is not", async () => {
    expect(await byAdmin({ head, applied: 1 })).toMatchObject({ status: "unchanged" });
    await expect(byAdmin({ head, applied: 1 }, false)).rejects.toMatchObject(refused);
  });

  test("a directory admin learns where a room lives that has no log here, anybody else that is no member does not", async () => {
    const elsewhere = { reason: "wrong_site", metadata: { siteId: "site-b" } };
    await expect(byAdmin({ replicaOf: "site-b" })).rejects.toMatchObject(elsewhere);
    await expect(byAdmin({ replicaOf: "site-b" }, false)).rejects.toMatchObject(refused);
    await expect(byAdmin({ replicaOf: "site-a" })).rejects.toMatchObject(refused);
    await expect(byAdmin({})).rejects.toMatchObject(refused);
  });

  test("commands that need no membership ask nobody", async () => {
    expect(await byAnybody({})).toMatchObject({ status: "unchanged" });
  });
});

describe("an append", () => {
  const stepsOf = async (outcome: CommandOutcome): Promise<readonly string[]> => {
    const { commands, steps } = setUp({ outcome });
    await commands.ofAnybody(asked, ROOM, (parts) => ({ ...remove("bob", "bob"), ...parts }));
    return steps;
  };

  test("is where a test may stop the process, before anybody is told", async () => {
    expect(await stepsOf(accepted(false))).toEqual(["remove_member 0"]);
  });

  test("is made neither by a repeat nor by what changes nothing", async () => {
    expect(await stepsOf(accepted(true))).toEqual([]);
    expect(await stepsOf({ status: "unchanged" })).toEqual([]);
    expect(await stepsOf({ status: "exists" })).toEqual([]);
  });
});
