import { findUnsupported } from "@parley/embedded-mongo/product-commands";
import type { CommandStartedEvent, Db } from "mongodb";
import { describe, expect } from "vitest";

import { test } from "../test/mongo-test.ts";
import { queriesOf, readsWhole, type SentQuery } from "../test/query-plans.ts";
import { member, room } from "../test/rooms.ts";
import { mongoDirectoryStore } from "./directory-store.mongo.ts";
import { importDirectory } from "./import-directory.ts";
import { mongoKeyPrintStore } from "./key-print-store.mongo.ts";
import { mongoMessageAudience } from "./message-audience.mongo.ts";
import { mongoMessageChangeStore } from "./message-change-store.mongo.ts";
import { mongoMessageStore } from "./message-store.mongo.ts";
import { mongoOwnStateStore } from "./own-state-store.mongo.ts";
import { mongoReplicaStore } from "./replica-store.mongo.ts";
import { mongoRoomDocumentStore } from "./room-document-store.mongo.ts";
import { mongoRoomSnapshotStore } from "./room-snapshot-store.mongo.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";
import { mongoUnreadStore } from "./unread-store.mongo.ts";
import { mongoWaitingRoomStore } from "./waiting-room-store.mongo.ts";

const state = room();
const { roomId } = state;
const replica = room({ siteId: "beta" });
const left = room({ ...replica, revision: 2, members: [member("ann", { role: "owner" })] });
const row = { roomId, account: "bob", at: 5 };
const messageRow = {
  messageId: "m",
  roomId,
  createdAt: 5,
  sender: { account: "ann", kind: "person", name: "Ann" },
  content: "hello",
  requestId: "r",
  canonical: false,
} as const;
const message = { roomId, messageId: "m" };
const page = { after: undefined, limit: 2 };

/** Every call of every store; a method left out here does not compile. */
const EVERY_CALL: {
  readonly [Store in keyof Stores]: Record<keyof Stores[Store], (store: Stores[Store]) => unknown>;
} = {
  rooms: {
    insertIfAbsent: (store) => store.insertIfAbsent(state),
    find: (store) => store.find(roomId),
    findMany: (store) => store.findMany([roomId]),
    changedSince: (store) => store.changedSince({ roomIds: [roomId], since: 1 }),
    progress: (store) => store.progress(roomId),
    homeOf: (store) => store.homeOf(roomId),
    commitApplied: (store) => store.commitApplied(state),
    quarantine: (store) => store.quarantine({ roomId, siteId: "alpha", revision: 2, at: 5 }),
    unquarantine: (store) => store.unquarantine({ roomId, revision: 2 }),
    touchLastMessage: (store) => store.touchLastMessage({ roomId, messageId: "m", at: 5 }),
  },
  replicas: {
    replace: (store) => store.replace({ state: replica, repair: true }),
    find: (store) => store.find(replica.roomId),
    commit: (store) => store.commit({ before: replica, state: left }),
    noteMissingKey: (store) =>
      store.noteMissingKey({ roomId: replica.roomId, missingKey: { version: 1, attempts: 1 } }),
    clearMissingKey: (store) => store.clearMissingKey({ roomId: replica.roomId, version: 1 }),
    heldVersions: (store) => store.heldVersions({ siteId: "beta", after: "0", limit: 2 }),
    bury: (store) =>
      store.bury({ roomId: replica.roomId, siteId: "beta", revision: 3, at: 5, repair: false }),
  },
  waiting: {
    mark: (store) => store.mark({ roomId, siteId: "alpha", from: 1, revision: 2, since: 1, nextAt: 1 }),
    clear: (store) => store.clear({ roomId, revision: 2 }),
    due: (store) => store.due({ siteId: "alpha", homed: "elsewhere", now: 1, limit: 1 }),
    postpone: (store) => store.postpone({ roomId, nextAt: 2 }),
    backlog: (store) => store.backlog("alpha"),
  },
  subscriptions: {
    put: (store) => store.put({ room: state, entries: [...state.members.values()], revision: 1 }),
    change: (store) => store.change({ roomId, changes: [{ account: "bob", role: "owner" }], revision: 2 }),
    markRemoved: (store) => store.markRemoved({ roomId, accounts: ["bob"], revision: 3, at: 5 }),
    replaceSite: (store) => store.replaceSite({ room: state, siteId: "alpha", repair: true }),
    find: (store) => store.find(roomId, "bob"),
    findMany: (store) => store.findMany("bob", [roomId]),
    hasRow: (store) => store.hasRow(roomId, "bob"),
    hasMemberOf: (store) => store.hasMemberOf({ roomId, roomSite: "alpha", accountSite: "alpha" }),
    listMembers: (store) => store.listMembers({ roomId, after: "5-ann", limit: 2 }),
    listRooms: (store) => store.listRooms({ ...page, account: "ann" }),
    walkRooms: (store) => store.walkRooms({ ...page, account: "ann", since: 1 }),
    count: (store) => store.count(roomId),
    listReaders: (store) => store.listReaders({ roomId, since: 1, except: "ann", limit: 2 }),
  },
  ownState: {
    raiseLastSeen: (store) => store.raiseLastSeen(row),
    raiseLastSeenOf: (store) =>
      store.raiseLastSeenOf({ ...row, roomSite: "alpha", accountSite: "beta", joinedAt: 1 }),
    setMuted: (store) => store.setMuted({ ...row, muted: true }),
    setFavourite: (store) => store.setFavourite({ ...row, favourite: true }),
  },
  snapshots: {
    save: async (store) => {
      await store.save({ state, streamSequence: 1 });
      await store.save({ state: { ...state, revision: 64 }, streamSequence: 2 });
    },
    newest: (store) => store.newest(roomId, 64),
  },
  prints: { insertIfAbsent: (store) => store.insertIfAbsent({ roomId, version: 0, print: "p" }) },
  messages: {
    insertIfAbsent: (store) => store.insertIfAbsent(messageRow),
    putIfAbsent: (store) => store.putIfAbsent(messageRow),
    markCanonical: (store) => store.markCanonical(roomId, "m"),
    find: (store) => store.find(roomId, "m"),
    findOrigin: (store) => store.findOrigin(roomId, "m"),
    findMany: (store) => store.findMany(roomId, ["m", "n"]),
    next: (store) => store.next({ roomId, after: "4-m", since: 1, limit: 2 }),
    thread: (store) => store.thread({ roomId, threadOf: "m", after: "4-m", limit: 2 }),
    history: (store) => store.history({ roomId, before: "9-m", since: 1, limit: 2 }),
  },
  changes: {
    stamp: (store) => store.stamp({ ...message, now: 6 }),
    edit: (store) =>
      store.edit({ ...message, at: 6, body: { kid: "c1", nonce: "AAAA", ciphertext: "AAAA" } }),
    react: (store) => store.react({ ...message, at: 7, emoji: "+1", account: "bob", on: true }),
    pin: (store) => store.pin({ ...message, at: 8, pinned: true }),
    countReplies: (store) => store.countReplies({ roomId, threadOf: "m" }),
    countPinned: (store) => store.countPinned(roomId),
    remove: (store) => store.remove({ ...message, at: 10 }),
  },
  audience: { isWholeRoom: (store) => store.isWholeRoom(roomId, "m") },
  unread: { count: (store) => store.count({ roomId, account: "bob", after: 1, since: 1 }) },
  directory: {
    importLines: (store) => importDirectory(store, `{"account":"ann","kind":"person","homeSite":"alpha"}`),
    find: (store) => store.find("ann"),
    findByUserId: (store) => store.findByUserId("u"),
    findMany: (store) => store.findMany(["ann"]),
    names: (store) => store.names(["ann"]),
    orgs: (store) => store.orgs(["eng"]),
    resolve: (store) => store.resolve({ users: ["ann"], orgs: ["eng"] }),
    orgMembers: (store) => store.orgMembers({ orgId: "eng", after: "ann", limit: 2 }),
    search: (store) => store.search({ prefix: "an", limit: 2 }),
  },
};

type Stores = ReturnType<typeof storesOf>;

const storesOf = (database: Db) => ({
  rooms: mongoRoomDocumentStore(database),
  replicas: mongoReplicaStore(database),
  waiting: mongoWaitingRoomStore(database),
  subscriptions: mongoSubscriptionStore(database),
  ownState: mongoOwnStateStore(database),
  snapshots: mongoRoomSnapshotStore(database),
  prints: mongoKeyPrintStore(database),
  messages: mongoMessageStore(database),
  unread: mongoUnreadStore(database),
  changes: mongoMessageChangeStore(database),
  audience: mongoMessageAudience(database),
  directory: mongoDirectoryStore(database),
});

async function callEverything(database: Db): Promise<void> {
  const stores = storesOf(database);
  for (const name of Object.keys(EVERY_CALL) as (keyof Stores)[]) {
    for (const call of Object.values(EVERY_CALL[name]) as ((store: unknown) => Promise<unknown>)[]) {
      await call(stores[name]);
    }
  }
}

describe("the stores", () => {
  test("send nothing that the embedded server does not know", async ({ mongo, database }) => {
    const sent: string[] = [];
    const unsupported: string[] = [];
    mongo.client.on("commandStarted", ({ commandName, command }) => {
      sent.push(commandName);
      unsupported.push(...findUnsupported(commandName, command));
    });
    await callEverything(database);
    expect(unsupported).toEqual([]);
    expect([...new Set(sent)].toSorted()).toEqual(["aggregate", "delete", "find", "findAndModify", "update"]);
  });

  test("ask nothing that reads a whole collection", async ({ mongo, database }) => {
    const queries: SentQuery[] = [];
    const collect = ({ commandName, command }: CommandStartedEvent): void => {
      queries.push(...queriesOf(commandName, command));
    };
    mongo.client.on("commandStarted", collect);
    await callEverything(database);
    mongo.client.off("commandStarted", collect);
    const scanning = new Set<string>();
    for (const query of queries) {
      if (await readsWhole(database, query)) scanning.add(JSON.stringify(query));
    }
    expect(queries.length).toBeGreaterThan(0);
    expect([...scanning]).toEqual([]);
  });
});
