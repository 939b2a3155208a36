import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

import { Failure } from "@parley/contract/failure";
import { describe, expect, inject } from "vitest";

import { test as base } from "../test/mongo-test.ts";
import { room } from "../test/rooms.ts";
import { connectMongo } from "./connect-mongo.ts";
import { mongoDirectoryStore } from "./directory-store.mongo.ts";
import { mongoRoomDocumentStore } from "./room-document-store.mongo.ts";
import { mongoSubscriptionStore } from "./subscription-store.mongo.ts";

/** A listener on a free loopback port, closed with its connections after the test. */
async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const test = base.extend("sockets", async ({}, { onCleanup }) => {
  const open = new Set<Socket>();
  const servers = new Set<Server>();
  let frozen = false;
  const track = (socket: Socket): Socket => {
    open.add(socket);
    return socket.on("error", () => socket.destroy());
  };
  const breakAll = (): void => {
    for (const server of servers) server.close();
    for (const socket of open) socket.destroy();
  };
  onCleanup(breakAll);
  const serve = async (onConnection: (socket: Socket) => void): Promise<number> => {
    const server = createServer((socket) => onConnection(track(socket)));
    servers.add(server);
    return listen(server);
  };
  return {
    serve,
    breakAll,
    /** Connections stay and new ones open, but nothing passes any more, as when a server is frozen. */
    freezeAll: () => {
      frozen = true;
      for (const socket of open) socket.unpipe().pause();
    },
    /** The address of a relay to the shared server. */
    relay: async (): Promise<string> => {
      const url = new URL(inject("mongoUrl"));
      const { hostname, port } = url;
      const relayPort = await serve((socket) => {
        if (frozen) return;
        const upstream = track(connect(Number(port || 27_017), hostname));
        socket.pipe(upstream).pipe(socket);
      });
      url.host = `127.0.0.1:${relayPort}`;
      url.searchParams.set("directConnection", "true");
      return url.href;
    },
  };
});

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
