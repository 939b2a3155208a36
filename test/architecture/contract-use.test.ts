import { METRICS } from "@parley/contract/metric-names";
import { describe, expect, test } from "vitest";

import { productFiles, readText } from "./source-files.ts";

const CONFIG_FIELDS = "libs/lifecycle/src/config-fields.ts";

const usedOutside = (declaration: string, pattern: RegExp): boolean =>
  productFiles.some(({ path, text }) => path !== declaration && pattern.test(text));

// A metric nobody records is an alarm that can never ring, and a variable nobody reads a promise nobody keeps. What
// waits for the complete system is listed, and leaves the list with its first use.
describe("what the contract declares is used", () => {
  test("every metric is recorded", () => {
    const unused = Object.keys(METRICS).filter(
      (name) => !usedOutside("libs/contract/src/metric-names.ts", new RegExp(`"${name}"`)),
    );

    expect(unused.toSorted()).toEqual(["inbox_heartbeat_age_seconds"]);
  });

  test("every variable is read by a process", () => {
    const fields = [...readText(CONFIG_FIELDS).matchAll(/^ {2}(\w+)[:,]/gm)].map(([, name = ""]) => name);
    const unused = fields.filter(
      (name) => !usedOutside(CONFIG_FIELDS, new RegExp(`\\bconfigFields\\.${name}\\b`)),
    );

    expect(fields.length).toBeGreaterThan(20);
    expect(unused).toEqual([]);
  });
});
