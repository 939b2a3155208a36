import { afterAll, beforeAll, expect, test } from "vitest";

import { type Company, openCompany } from "../cast/company.ts";
import { expectTold, rowsOf } from "../cast/provocation.ts";
import { MEMBER_PROVOCATIONS } from "../cast/provocations-members.ts";
import { REQUEST_PROVOCATIONS } from "../cast/provocations-requests.ts";

let company: Company;

beforeAll(async () => {
  company = await openCompany("reasons-rules");
});
afterAll(() => company[Symbol.asyncDispose]());

// R6
test.each([...rowsOf<Company>(REQUEST_PROVOCATIONS), ...rowsOf<Company>(MEMBER_PROVOCATIONS)])(
  "a client is told %s, with its code and metadata",
  async (reason, provoke) => {
    expectTold(reason, await provoke(company));
    // Whatever was refused, the room is as it was.
    const { members } = await company.ann.listMembers(company.room);
    expect(members.map(({ account, role }) => `${account} ${role}`).toSorted()).toEqual([
      "ann owner",
      "bob member",
      "eve member",
      "zoe member",
    ]);
  },
);
