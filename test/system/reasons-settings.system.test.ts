import { afterAll, beforeAll, test } from "vitest";

import { type Company, openCompany } from "../cast/company.ts";
import { expectTold, rowsOf } from "../cast/provocation.ts";
import { SETTINGS_PROVOCATIONS } from "../cast/provocations-settings.ts";

let company: Company;

beforeAll(async () => {
  company = await openCompany("reasons-settings");
});
afterAll(() => company[Symbol.asyncDispose]());

// R6
test.each(rowsOf<Company>(SETTINGS_PROVOCATIONS))(
  "a client is told %s, with its code and metadata",
  async (reason, provoke) => {
    expectTold(reason, await provoke(company));
  },
);
