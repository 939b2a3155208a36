import { expect, test } from "vitest";

import { parseValkeyAddress } from "./valkey-address.ts";

test.each([
  ["valkey.internal:6379", { host: "valkey.internal", port: 6379 }],
  ["127.0.0.1:1", { host: "127.0.0.1", port: 1 }],
  ["[::1]:65535", { host: "::1", port: 65_535 }],
])("reads %s", (text, address) => {
  expect(parseValkeyAddress(text)).toEqual(address);
});

test.each(["", "valkey", ":6379", "valkey:", "::1:6379", "valkey:6379/0", "valkey:63 79"])(
  "refuses %j",
  (text) => {
    expect(() => parseValkeyAddress(text)).toThrow("must have the form host:port");
  },
);

test.each(["valkey:0", "valkey:65536"])("refuses the port of %s", (text) => {
  expect(() => parseValkeyAddress(text)).toThrow("is not within 1 and 65535");
});

test("does not repeat a password that was written into the address", () => {
  expect(() => parseValkeyAddress("user:secret@valkey:6379")).toThrow(/^(?!.*secret)/);
});
