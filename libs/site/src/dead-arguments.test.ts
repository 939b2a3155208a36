import { expect, test } from "vitest";

import { parseDeadArguments } from "./dead-arguments.ts";

test.each([
  ["list", { mode: "list", after: 0 }],
  ["list --after 0", { mode: "list", after: 0 }],
  ["list --after 17", { mode: "list", after: 17 }],
  ["resend 1", { mode: "resend", sequence: 1 }],
  ["resend 123456789012345", { mode: "resend", sequence: 123_456_789_012_345 }],
])("`%s` is understood", (words, asked) => {
  expect(parseDeadArguments(words.split(" "))).toEqual(asked);
});

test.each([
  "",
  "show",
  "list 1",
  "list --after",
  "list --after -1",
  "list --after 1 2",
  "list --after x",
  "list --before 1",
  "resend",
  "resend 0",
  "resend -1",
  "resend 1.5",
  "resend 1e3",
  "resend 1234567890123456",
  "resend 1 2",
  "resend all",
])("`%s` is no form of the command", (words) => {
  expect(parseDeadArguments(words.split(" "))).toBeUndefined();
});
