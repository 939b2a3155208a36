import { expect, test } from "vitest";
import { z } from "zod";

import { configFields } from "./config-fields.ts";
import { describeFaults, parseConfig, readConfig, type Environment } from "./parse-config.ts";

const { siteId, natsUrl, keyEncryptionKeys, peers, maxRoomSize, valkeyPassword } = configFields;
const schema = z.object({ siteId, natsUrl, keyEncryptionKeys, peers, maxRoomSize, valkeyPassword });

/** Reads with a process that only notes what it is told. */
function read(environment: Environment) {
  const written: string[] = [];
  const exits: number[] = [];
  const exit = (code: number): never => {
    exits.push(code);
    throw new Error("exited");
  };
  const attempt = () =>
    readConfig(schema, environment, { exit, stderr: { write: (text) => written.push(text) } });
  return { attempt, written, exits };
}

// R93
test("tells every fault in one message with variable, problem and example, and exits with 1", () => {
  const { attempt, written, exits } = read({ SITE_ID: "Site A", PEERS: "site-b,", MAX_ROOM_SIZE: "7d" });
  expect(attempt).toThrow("exited");
  expect(exits).toEqual([1]);
  expect(written).toEqual([
    [
      "The configuration has 5 faults; nothing was started.",
      "  SITE_ID must be 1-32 characters of a-z, 0-9 and -, and no reserved word",
      "      for example SITE_ID=site-a",
      "  NATS_URL is required",
      "      for example NATS_URL=nats://nats:4222",
      "  ROOM_KEY_KEK or ROOM_KEY_KEK_FILE must be set, exactly one of the two",
      '      for example ROOM_KEY_KEK="k1:$(openssl rand -base64 32)"',
      "      for example ROOM_KEY_KEK_FILE=/run/secrets/room-key-kek",
      "  PEERS must be site ids, each once, separated by commas",
      "      for example PEERS=site-b,site-c",
      "  MAX_ROOM_SIZE must be a whole number from 2 to 2000",
      "      for example MAX_ROOM_SIZE=1000",
      "",
    ].join("\n"),
  ]);
});

test("never repeats a value", () => {
  const canary = "c4n4ry";
  const environment = {
    SITE_ID: `${canary}_`,
    NATS_URL: `${canary}://${canary}`,
    ROOM_KEY_KEK: `k1:${canary}`,
    ROOM_KEY_KEK_FILE: `/nowhere/${canary}`,
    PEERS: `${canary}.`,
    MAX_ROOM_SIZE: canary,
  };
  const parsed = parseConfig(schema, environment);
  const text = parsed.ok ? "" : describeFaults(parsed.faults);
  expect(text).toContain("7 faults");
  expect(text).not.toContain(canary);
});

test("leaves unknown variables alone and reads nothing but its own", () => {
  const known = { SITE_ID: "site-a", NATS_URL: "nats://nats:4222", ROOM_KEY_KEK: `k1:${"A".repeat(43)}=` };
  const { attempt } = read({ ...known, SITE_NAME: "x", MAX_BATCH_SIZE: "7d", siteId: "other" });
  expect(attempt()).toMatchObject({ siteId: "site-a", peers: [], maxRoomSize: 1000 });
});

test("reads a configuration that is transformed as a whole", () => {
  const named = z.object({ siteId }).transform((config) => `site ${config.siteId}`);
  expect(parseConfig(named, { SITE_ID: "site-a" })).toEqual({ ok: true, config: "site site-a" });
  expect(parseConfig(named, {})).toMatchObject({ ok: false, faults: [{ variables: ["SITE_ID"] }] });
});

test("refuses a field that names no variable", () => {
  expect(() => parseConfig(z.object({ size: z.string() }), {})).toThrow("names its variable");
});
