import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, test } from "vitest";

import { connectAt } from "../cast/company.ts";
import { directoryFile, people } from "../cast/directory.ts";
import { expectTold, rowsOf } from "../cast/provocation.ts";
import { LIMIT_PROVOCATIONS, SMALL, type SmallSite } from "../cast/provocations-limits.ts";

let stack: Stack;
let small: SmallSite;

beforeAll(async () => {
  stack = await startStack({
    sites: 1,
    directory: directoryFile("reasons-limits", people(4)),
    processes: { "room-service": { environment: SMALL }, "room-worker": {}, "message-service": {} },
  });
  const site = stack.site("alpha");
  small = { site, ann: await connectAt(site, "p0") };
});
afterAll(async () => {
  await small.ann.close();
  await stack.stop();
});

// R6
test.each(rowsOf<SmallSite>(LIMIT_PROVOCATIONS))(
  "a client is told %s, with its code and metadata",
  async (reason, provoke) => {
    expectTold(reason, await provoke(small));
  },
);
