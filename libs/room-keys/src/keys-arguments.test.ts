import { expect, test } from "vitest";

import { parseKeysArguments } from "./keys-arguments.ts";

test.each(["status", "rewrap"])("`%s` is understood", (words) => {
  expect(parseKeysArguments(words.split(" "))).toBe(words);
});

test.each(["", "show", "status all", "rewrap k2", "rewrap --force", "REWRAP"])(
  "`%s` is no form of the command",
  (words) => {
    expect(parseKeysArguments(words.split(" "))).toBeUndefined();
  },
);
