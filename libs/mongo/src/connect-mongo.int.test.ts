import { Failure } from "@parley/contract/failure";
import { describe, expect } from "vitest";

import { room } from "../test/rooms.ts";
import { test } from "../test/sockets.ts";
import { connectMongo } from "./connect-mongo.ts";
import { mongoDirectoryStore } from "./directory-store.mongo.ts";
import { mongoRoomDocumentStore } from "./room-document-store.mongo.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";

const options = (url: string) => ({ url, database: "test_connect", appName: "mongo-test" });
const unavailable = expect.objectContaining({ name: "Failure", reason: "store_unavailable" });

describe("connectMongo", () => {
  test("answers a ping", async ({ mongo }) => {
    await expect(mongo.ping()).resolves.toBeUndefined();
  });

  test("waits for the majority and leaves undefined fields out", async ({ mongo, database }) => {
    expect(mongo.client.writeConcern).toMatchObject({ w: "majority" });
    const rows = database.collection<{ _id: string; text?: string | undefined }>("undefined");
    await rows.insertOne({ _id: "a", text: undefined });
    expect(await rows.findOne({ _id: "a" })).toEqual({ _id: "a" });
  });

  test("says store_unavailable when nobody listens or nobody answers", async ({ sockets }) => {
    const silent = await sockets.serve((socket) => socket.resume());
    await expect(connectMongo(options(`mongodb://127.0.0.1:${silent}`))).rejects.toThrow(unavailable);
    await expect(connectMongo(options("mongodb://127.0.0.1:1"))).rejects.toThrow(unavailable);
  });

  test("does not call a wrong address an outage", async () => {
    const wrong = connectMongo(options("http://example"));
    await expect(wrong).rejects.toThrow("reading the address");
    await expect(wrong).rejects.not.toBeInstanceOf(Failure);
  });
});

/** Well above the bound of a call, which is the sum of the connection's timeouts. */
const BOUND = { timeout: 12_000 };

describe("a store whose server goes away", () => {
  // R21
  test("answers store_unavailable in every call and names what it did", BOUND, async ({ sockets }) => {
    const mongo = await connectMongo(options(await sockets.relay()));
    const state = room();
    const subscriptions = mongoSubscriptionStore(mongo.database);
    expect(await subscriptions.count(state.roomId)).toBe(0);

    sockets.breakAll();
    const calls = [
      mongo.ping(),
      mongoRoomDocumentStore(mongo.database).commitApplied(state),
      mongoDirectoryStore(mongo.database).resolve({ users: ["ann"], orgs: ["eng"] }),
      subscriptions.put({ room: state, entries: [...state.members.values()], revision: 1 }),
    ];
    expect(await Promise.allSettled(calls)).toEqual(
      calls.map(() => ({ status: "rejected", reason: unavailable })),
    );
    await expect(calls[1]).rejects.toThrow("committing an applied event");
    await mongo.close();
    await expect(subscriptions.count(state.roomId)).rejects.toThrow(unavailable);
  });

  test("does not wait for a server that fell silent", BOUND, async ({ sockets }) => {
    const mongo = await connectMongo(options(await sockets.relay()));
    sockets.freezeAll();
    const calls = [mongo.ping(), mongoSubscriptionStore(mongo.database).count("room")];
    expect(await Promise.allSettled(calls)).toEqual(
      calls.map(() => ({ status: "rejected", reason: unavailable })),
    );
    sockets.breakAll();
    await mongo.close();
  });

  test("tells a refusal of the server from an outage", async ({ database }) => {
    const rooms = mongoRoomDocumentStore(database);
    const wrong = rooms.find({ $unknown: 1 } as unknown as string);
    await expect(wrong).rejects.toThrow("MongoDB refused: finding a room");
    await expect(wrong).rejects.not.toBeInstanceOf(Failure);
  });
});
