import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import type { DirectoryEntry } from "@parley/contract/directory";
import { clientSubjects } from "@parley/contract/notices";
import type { KeyAck } from "@parley/room-keys/key-ack-store";
import { describe, expect, test } from "vitest";

import { createKeyAckBook } from "./key-ack-book.ts";

const ROOM = "jHjHNiEuCoJo8Nrzp";
const DEVICE = "0123456789abcdefghij";

const entryOf = (account: string): DirectoryEntry => ({
  account,
  userId: "oRnNJiRm4DBwopLGo",
  kind: "person",
  homeSite: account === "bob" ? "site-b" : "site-a",
  enabled: true,
  admin: false,
  words: [],
});

/** A book with what it noted; the directory knows everybody but `nobody…`. */
function openBook(options: { failing?: boolean } = {}) {
  const recorder = createMemoryRecorder();
  const log = createMemoryLog();
  const calls: (readonly KeyAck[])[] = [];
  const looked: (readonly string[])[] = [];
  const book = createKeyAckBook({
    acks: {
      acknowledge: async (acks) => {
        if (options.failing) throw new Error("gone");
        calls.push(acks);
      },
    },
    directory: {
      findMany: async (accounts) => {
        looked.push(accounts);
        return accounts.filter((account) => !account.startsWith("nobody")).map(entryOf);
      },
    },
    recorder,
    log,
  });
  const say = (of: { account?: string; homeSite?: string; roomId?: string; body?: unknown }): void => {
    const { account = "ann", homeSite = "site-a", roomId = ROOM, body = { version: 3 } } = of;
    const subject = clientSubjects.keyAck.of({ account, homeSite, roomId, siteId: "site-a" });
    book.take(subject, new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)));
  };
  return {
    book,
    say,
    log,
    calls,
    looked,
    dropped: (reason: string) => recorder.total("key_acks_dropped_total", { reason }),
    /** Everything noted once nothing waits any more. */
    noted: async () => {
      await book[Symbol.asyncDispose]();
      return calls.flat().map(({ account, deviceId, roomId, version }) => ({
        account,
        roomId,
        version,
        ...(deviceId !== undefined && { deviceId }),
      }));
    },
  };
}

describe("acknowledgements", () => {
  test("are the account's of the subject, whatever the body, and of the device it names", async () => {
    const { say, noted, dropped } = openBook();
    say({});
    say({ account: "bob", homeSite: "site-b", body: { version: 0, deviceId: DEVICE } });
    say({ account: "cat", body: { version: 3, account: "ann" } });
    expect(await noted()).toEqual([
      { account: "ann", roomId: ROOM, version: 3 },
      { account: "bob", roomId: ROOM, version: 0, deviceId: DEVICE },
    ]);
    expect(dropped("malformed")).toBe(1);
  });

  test("are noted together, of one recipient the highest, with one look at the directory", async () => {
    const { say, noted, calls, looked } = openBook();
    for (const version of [1, 3, 2]) say({ body: { version } });
    say({ body: { version: 1, deviceId: DEVICE } });
    expect(await noted()).toEqual([
      { account: "ann", roomId: ROOM, version: 3 },
      { account: "ann", roomId: ROOM, version: 1, deviceId: DEVICE },
    ]);
    expect([calls.length, looked.length]).toEqual([1, 1]);
  });

  test.each([
    "",
    "{",
    "[]",
    "null",
    '{"version":-1}',
    '{"version":1.5}',
    '{"deviceId":"x","version":1}',
    `{"version":1${" ".repeat(300)}}`,
  ])("that are none are dropped and counted: %j", async (body) => {
    const { say, noted, dropped } = openBook();
    say({ body });
    expect(await noted()).toEqual([]);
    expect(dropped("malformed")).toBe(1);
  });

  test("on a subject of another form are dropped and counted", async () => {
    const { book, noted, dropped } = openBook();
    const payload = new TextEncoder().encode('{"version":1}');
    book.take("chat.user.site-a.ann.room.r.site-a.key", payload);
    book.take(`chat.user.SITE.ann.room.${ROOM}.site-a.key.ack`, payload);
    expect(await noted()).toEqual([]);
    expect(dropped("malformed")).toBe(2);
  });

  test("of an account at home elsewhere or nowhere are dropped and counted", async () => {
    const { say, noted, dropped } = openBook();
    say({ account: "bob", homeSite: "site-a" });
    say({ account: "nobody" });
    say({ account: "cat" });
    expect(await noted()).toEqual([{ account: "cat", roomId: ROOM, version: 3 }]);
    expect(dropped("foreign")).toBe(2);
  });

  // K10
  test("of one account that floods are bounded, and the others' are noted", async () => {
    const { say, noted, dropped } = openBook();
    for (let index = 0; index < 5000; index += 1) say({ roomId: String(index).padStart(17, "0") });
    say({ account: "cat" });
    const acks = await noted();
    expect(acks.filter(({ account }) => account === "cat")).toHaveLength(1);
    // The burst, and what it gains meanwhile.
    expect(acks.length).toBeLessThan(4000);
    expect(dropped("overload")).toBe(5001 - acks.length);
  });

  test("of more accounts than may wait are dropped and counted, not held", async () => {
    const { say, noted, dropped } = openBook();
    for (let index = 0; index < 10_100; index += 1) say({ account: `crowd${index}` });
    expect(await noted()).toHaveLength(10_000);
    expect(dropped("overload")).toBe(100);
  });

  test("that the store does not take are counted and logged, and the next are noted", async () => {
    const options = { failing: true };
    const { say, noted, dropped, log } = openBook(options);
    say({});
    expect(await noted()).toEqual([]);
    expect(dropped("store")).toBe(1);
    expect(log.entries.map(({ event }) => event)).toEqual(["key_acks_not_noted"]);
    options.failing = false;
    say({});
    expect(await noted()).toHaveLength(1);
  });
});
