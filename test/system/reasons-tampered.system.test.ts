import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, test } from "vitest";

import { connectAt, untilLinked } from "../cast/company.ts";
import { directoryFile } from "../cast/directory.ts";
import { inspectSite } from "../cast/inspect-site.ts";
import { expectTold, rowsOf } from "../cast/provocation.ts";
import {
  FIRST_USER_ID,
  NEWCOMERS,
  TAMPERED_PROVOCATIONS,
  type TamperedSites,
} from "../cast/provocations-tampered.ts";

let stack: Stack;
let sites: TamperedSites;

beforeAll(async () => {
  const accounts = ["ann", "bob", "cat", "dan", "mover", ...NEWCOMERS];
  stack = await startStack({
    sites: 2,
    directory: directoryFile("reasons-tampered", [
      ...accounts.map((account) => ({ account })),
      { account: "first", homeSite: "beta", userId: FIRST_USER_ID },
    ]),
  });
  const [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  const [atAlpha, atBeta, ann] = await Promise.all([
    inspectSite(alpha, "room-service"),
    inspectSite(beta, "room-service"),
    connectAt(alpha, "ann"),
  ]);
  sites = { alpha, beta, atAlpha, atBeta, ann };
  await untilLinked(ann, "beta");
});
afterAll(async () => {
  await sites.ann.close();
  for (const inspection of [sites.atAlpha, sites.atBeta]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

// R6
test.each(rowsOf<TamperedSites>(TAMPERED_PROVOCATIONS))(
  "a client is told %s, with its code and metadata",
  async (reason, provoke) => {
    expectTold(reason, await provoke(sites));
  },
);
