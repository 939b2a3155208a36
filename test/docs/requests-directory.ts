import { getDirectory, listOrgMembers, searchDirectory } from "@parley/contract/directory";

import { BOB, SITE_ID } from "./example-values.ts";
import type { RequestPage } from "./request-page.ts";

const bob = { account: "bob", userId: BOB, kind: "person", name: "Bob Baker" };
const entry = { ...bob, homeSite: SITE_ID };

/** What is asked of the directory of people, agents and organisations. */
export const DIRECTORY: readonly RequestPage[] = [
  {
    declaration: searchDirectory,
    about:
      "Enabled people, agents and orgs with a word that begins with the prefix, by name, then id. `next` is there while there are more.",
    refusals: ["wrong_site", "invalid_request"],
    body: { prefix: "bak", kinds: ["person"], limit: 1 },
    reply: { entries: [entry], next: "aBob Baker\nbob" },
  },
  {
    declaration: getDirectory,
    about: "Directory entries by account. More than 100 accounts: `batch_too_large`.",
    refusals: ["wrong_site", "invalid_request", "batch_too_large"],
    body: { accounts: ["bob", "nobody"] },
    reply: { entries: [entry], missing: ["nobody"] },
  },
  {
    declaration: listOrgMembers,
    about:
      "The enabled people of an org by account, each once, whether it is their section or their department. This is who would join a room with the org; who did is in `member.list`. Nobody: `invalid_org`.",
    refusals: ["wrong_site", "invalid_request", "invalid_org"],
    body: { limit: 200 },
    reply: { orgId: "eng", name: "Product 产品", members: [{ ...bob, siteId: SITE_ID }] },
  },
];
