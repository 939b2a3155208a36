import { expect, test } from "vitest";

import type { Figure } from "./figure.ts";
import { inDigits, markdownOf, tableOf } from "./table.ts";

test("a table is aligned, and says of each figure whether its bar is met", () => {
  const limit = { name: "publishes", value: 20_000 };
  const figures: Figure[] = [
    {
      name: "accepted",
      value: 3000,
      unit: "/s",
      baseline: limit,
      bar: { of: "ratio", is: "at least", limit: 0.15 },
    },
    {
      name: "applied end to end",
      value: 700,
      unit: "/s",
      baseline: limit,
      bar: { of: "ratio", is: "at least", limit: 0.04 },
    },
    { name: "memory", value: 130.4, unit: "MB", bar: { of: "value", is: "at most", limit: 120 } },
    { name: "reply", value: 1.234, unit: "ms" },
  ];

  expect(tableOf({ figures, growth: [], notes: [] }).slice(0, 5)).toEqual([
    "figure              value  unit   ratio  bar             baseline",
    "accepted             3000  /s     0.15×  ≥ 0.15× met     20000 publishes",
    "applied end to end    700  /s    0.035×  ≥ 0.04× missed  20000 publishes",
    "memory                130  MB            ≤ 120 missed",
    "reply                1.23  ms",
  ]);
});

test("numbers keep three significant digits, or their whole part", () => {
  expect([0, 0.012345, 1.5, 78.94, 999.6, 12_345.6].map(inDigits)).toEqual([
    "0",
    "0.0123",
    "1.5",
    "78.9",
    "1000",
    "12346",
  ]);
});

const REPORT = {
  figures: [{ name: "reply", value: 1.5, unit: "ms" }],
  growth: [{ name: "reply", unit: "ms", values: [1, 2, 5] }],
  notes: ["measured at noon"],
};

test("the growth with the room's size and the notes follow the figures", () => {
  expect(tableOf(REPORT).slice(2)).toEqual([
    "",
    "by members of the room  10  100  1000  unit  growth",
    "reply                    1    2     5  ms        5×",
    "",
    "- measured at noon",
  ]);
});

test("the same report in Markdown aligns numbers to the right", () => {
  expect(markdownOf(REPORT)).toEqual([
    "| figure | value | unit | ratio | bar | baseline |",
    "| --- | ---: | --- | ---: | --- | --- |",
    "| reply | 1.5 | ms |  |  |  |",
    "",
    "| by members of the room | 10 | 100 | 1000 | unit | growth |",
    "| --- | ---: | ---: | ---: | --- | ---: |",
    "| reply | 1 | 2 | 5 | ms | 5× |",
    "",
    "- measured at noon",
  ]);
});
