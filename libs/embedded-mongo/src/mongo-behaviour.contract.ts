import { randomUUID } from "node:crypto";

import { MongoClient } from "mongodb";
import { afterAll, beforeAll } from "vitest";

import type { Fixture } from "./behaviour/fixture.ts";
import { indexBehaviour } from "./behaviour/indexes.contract.ts";
import { productBehaviour } from "./behaviour/product-use.contract.ts";
import { queryBehaviour } from "./behaviour/queries.contract.ts";
import { writeBehaviour } from "./behaviour/writes.contract.ts";
import { findUnsupported } from "./product-commands.ts";

/** A running server for the suite. */
export interface BehaviourServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Commands the suite sends on purpose to see them refused. */
const SENT_TO_BE_REFUSED = new Set(["$unknown"]);

/**
 * What the product relies on in MongoDB, as tests through the official driver. They pass on the embedded server and on a real `mongod`;
 * everything sent must be on the list of `product-commands.ts`.
 */
export function mongoBehaviour(start: () => Promise<BehaviourServer>): void {
  const databaseName = `behaviour_${randomUUID().slice(0, 8)}`;
  const unsupported: string[] = [];
  let server: BehaviourServer | undefined;
  let connected: MongoClient | undefined;
  let lastCollection = 0;

  const client = (): MongoClient => {
    if (connected === undefined) throw new Error("the suite is not connected");
    return connected;
  };
  const fixture: Fixture = {
    database: () => client().db(databaseName),
    fresh: () => {
      lastCollection += 1;
      return client().db(databaseName).collection(`c${lastCollection}`);
    },
  };

  beforeAll(async () => {
    server = await start();
    connected = new MongoClient(server.url, { monitorCommands: true, writeConcern: { w: "majority" } });
    connected.on("commandStarted", ({ commandName, command }) => {
      unsupported.push(
        ...findUnsupported(commandName, command).filter((name) => !SENT_TO_BE_REFUSED.has(name)),
      );
    });
    await connected.connect();
  });

  afterAll(async () => {
    await connected?.db(databaseName).dropDatabase();
    await connected?.close();
    await server?.close();
    if (unsupported.length > 0)
      throw new Error(`sent, but not listed: ${[...new Set(unsupported)].join(", ")}`);
  });

  writeBehaviour(fixture);
  queryBehaviour(fixture);
  indexBehaviour(fixture);
  productBehaviour(fixture);
}
