import { afterAll, beforeAll, test } from "vitest";

import { type Company, openCompany } from "../cast/company.ts";
import { expectTold, rowsOf } from "../cast/provocation.ts";
import { DEVICE_PROVOCATIONS } from "../cast/provocations-devices.ts";

let company: Company;

beforeAll(async () => {
  company = await openCompany("reasons-devices");
});
afterAll(() => company[Symbol.asyncDispose]());

// R6
test.each(rowsOf<Company>(DEVICE_PROVOCATIONS))(
  "a client is told %s, with its code and metadata",
  async (reason, provoke) => {
    expectTold(reason, await provoke(company));
  },
);
