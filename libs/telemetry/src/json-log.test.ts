import { expect, test } from "vitest";

import { createLog } from "./json-log.ts";

function capture(level: "debug" | "info" | "warn" | "error" = "debug") {
  const lines: string[] = [];
  const log = createLog({
    process: "room-service",
    siteId: "site-a",
    level,
    write: (line) => lines.push(line),
  });
  const entries = () => lines.map((line): unknown => JSON.parse(line));
  return { log, lines, entries };
}

/** Gets a value past the types, as a careless caller might. */
const past = (value: unknown) => value as string;

test("writes one line of JSON with time, level, event, process, site and fields", () => {
  const { log, lines, entries } = capture();
  log.info("ready", { healthPort: 8081, peers: "site-b\nsite-c", absent: undefined });
  expect(lines.join("")).toMatch(/^[^\n]+\n$/);
  expect(entries()).toEqual([
    {
      at: expect.any(Number),
      level: "info",
      event: "ready",
      process: "room-service",
      siteId: "site-a",
      healthPort: 8081,
      peers: "site-b\nsite-c",
    },
  ]);
});

test("drops what is below its level", () => {
  const { log, entries } = capture("warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  expect(entries()).toMatchObject([{ event: "c" }, { event: "d" }]);
});

test("lets no field pass for the event, the level or the process", () => {
  const { log, entries } = capture();
  log.info("real", { event: "forged", level: "error", process: "forged", siteId: "forged", at: 1 });
  expect(entries()).toMatchObject([
    { event: "real", level: "info", process: "room-service", siteId: "site-a" },
  ]);
  expect(entries()).not.toMatchObject([{ at: 1 }]);
});

test("writes an exception with its chain of causes", () => {
  const { log, entries } = capture();
  const driver = Object.assign(new TypeError("connection refused"), { code: "ECONNREFUSED" });
  log.error("failed", { operation: "room.create" }, new Error("storing the event", { cause: driver }));
  expect(entries()).toMatchObject([
    {
      operation: "room.create",
      cause: {
        name: "Error",
        message: "storing the event",
        stack: expect.stringContaining("json-log.test.ts"),
        cause: { name: "TypeError", message: "connection refused", code: "ECONNREFUSED" },
      },
    },
  ]);
});

test("ends a chain of causes that runs in a circle", () => {
  const { log, lines } = capture();
  const first = new Error("first");
  first.cause = new Error("second", { cause: first });
  log.error("failed", {}, first);
  expect(lines.join("").match(/"message":"first"/g)).toHaveLength(3);
});

test("names the errors of an aggregate and says what else was thrown", () => {
  const { log, entries } = capture();
  log.warn("failed", {}, new AggregateError([new Error("one"), "two", { secret: "three" }], "many"));
  expect(entries()).toMatchObject([
    {
      cause: {
        message: "many",
        errors: [
          { name: "Error", message: "one" },
          { name: "string", message: "two" },
          { name: "object", message: "an object that is no Error" },
        ],
      },
    },
  ]);
});

test("writes no secret: not by name, not as bytes, not in an address", () => {
  const { log, lines, entries } = capture();
  const canary = "c4n4ry";
  log.error(
    "failed",
    {
      privateKey: canary,
      ROOM_KEY_KEK: canary,
      natsPassword: canary,
      clientSecret: canary,
      payload: past(new TextEncoder().encode(canary)),
      pair: past({ inner: canary }),
      url: `nats://room-service:${canary}@nats:4222`,
    },
    new Error(`connecting to mongodb://user:${canary}@mongo:27017`),
  );
  expect(lines.join("")).not.toContain(canary);
  expect(entries()).toMatchObject([{ payload: "[not logged]", pair: "[not logged]" }]);
  expect(lines.join("")).toContain("nats:4222");
});

test("writes the numbers and prints of keys, which are no secrets", () => {
  const { log, entries } = capture();
  const harmless = { keyVersion: 3, keyFloor: 2, keyFrom: 0, keyPrint: "cHJpbnQ=" };
  log.info("key_activated", harmless);
  expect(entries()).toMatchObject([harmless]);
});

test("cuts a text that is too long for a line", () => {
  const { log, lines } = capture();
  log.info("long", { text: "x".repeat(100_000) });
  expect(lines.join("").length).toBeLessThan(5000);
});
