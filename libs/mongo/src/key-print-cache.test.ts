import { expect, test } from "vitest";

import { keyPrintCache } from "./key-print-cache.ts";

const ROOM = "a".repeat(17);

function setUp(printsMax?: number) {
  const stored = new Map<string, string>();
  const asked: string[] = [];
  let isAway = false;
  const cache = keyPrintCache(
    {
      insertIfAbsent: async ({ roomId, version, print }) => {
        const id = `${roomId} v${version}`;
        asked.push(id);
        if (isAway) throw new Error("the store is away");
        const standing = stored.get(id) ?? print;
        stored.set(id, standing);
        return standing;
      },
    },
    printsMax,
  );
  const print = (version: number, text: string, roomId = ROOM) =>
    cache.insertIfAbsent({ roomId, version, print: text });
  return { stored, asked, print, away: (away: boolean) => void (isAway = away) };
}

test("answers the first print of a version, whatever comes later, and reads it once", async () => {
  const { asked, print } = setUp();
  expect(await print(0, "first")).toBe("first");
  expect(await print(0, "second")).toBe("first");
  expect(asked).toHaveLength(1);
});

test("answers the print that stands in the store, not the one it was given", async () => {
  const { stored, asked, print } = setUp();
  stored.set(`${ROOM} v0`, "by another process");
  expect(await print(0, "mine")).toBe("by another process");
  expect(await print(0, "mine")).toBe("by another process");
  expect(asked).toHaveLength(1);
});

test("keeps versions and rooms apart", async () => {
  const { print } = setUp();
  const other = "b".repeat(17);
  const given = [await print(0, "a0"), await print(1, "a1"), await print(0, "b0", other)];
  expect(given).toEqual(["a0", "a1", "b0"]);
  expect(await print(1, "x", other)).toBe("x");
});

test("gives every caller of one moment the print that stands", async () => {
  const { print } = setUp();
  const prints = await Promise.all(["one", "two", "three"].map((each) => print(0, each)));
  expect(prints).toEqual(["one", "one", "one"]);
});

test("does not remember a failure, nor a print that was not stored", async () => {
  const { stored, print, away } = setUp();
  away(true);
  await expect(print(0, "lost")).rejects.toThrow("the store is away");
  away(false);
  expect(await print(0, "second")).toBe("second");
  expect(stored.get(`${ROOM} v0`)).toBe("second");
});

test("drops the print held longest when it is full", async () => {
  const { asked, print } = setUp(2);
  for (const version of [0, 1, 2, 1, 2, 0]) await print(version, `print ${version}`);
  expect(asked).toEqual([0, 1, 2, 0].map((version) => `${ROOM} v${version}`));
});
