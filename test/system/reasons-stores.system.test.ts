import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, test } from "vitest";

import { connectAt } from "../cast/company.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { expectTold, rowsOf } from "../cast/provocation.ts";
import { type BusySite, ONE_AT_A_TIME, STORE_PROVOCATIONS } from "../cast/provocations-stores.ts";

let stack: Stack;
let busy: BusySite;

beforeAll(async () => {
  stack = await startStack({
    sites: 1,
    directory: directoryFile("reasons-stores", people(2)),
    processes: { "room-service": { environment: ONE_AT_A_TIME }, "room-worker": {}, "message-service": {} },
  });
  const site = stack.site("alpha");
  busy = { site, clients: [await connectAt(site, "p0"), await connectAt(site, "p1")] };
});
afterAll(async () => {
  for (const client of busy.clients) await client.close();
  await stack.stop();
});

// R6
test.each(rowsOf<BusySite>(STORE_PROVOCATIONS))(
  "a client is told %s, with its code and metadata",
  async (reason, provoke) => {
    expectTold(reason, await provoke(busy));
  },
);
