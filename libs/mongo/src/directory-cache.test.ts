import type { DirectoryEntry } from "@parley/contract/directory";
import { userIdOf } from "@parley/contract/ids";
import { describe, expect, test } from "vitest";

import { createDirectoryCache } from "./directory-cache.ts";

const entry = (account: string, name: string): DirectoryEntry => ({
  account,
  userId: userIdOf(account),
  kind: "person",
  homeSite: "alpha",
  enabled: true,
  admin: false,
  name,
  words: [],
});

function setUp(options: { entriesMax?: number } = {}) {
  const names = new Map<string, string>([["ann", "first"]]);
  const asked: string[] = [];
  const clock = { nowMs: 0 };
  const cache = createDirectoryCache(
    {
      find: async (account) => {
        asked.push(account);
        const name = names.get(account);
        if (name === "broken") throw new Error("the store is away");
        return name === undefined ? undefined : entry(account, name);
      },
      findMany: async (accounts) => {
        asked.push(accounts.join("+"));
        return accounts.flatMap((account) => {
          const name = names.get(account);
          if (name === "broken") throw new Error("the store is away");
          return name === undefined ? [] : [entry(account, name)];
        });
      },
    },
    { ttlMs: 5000, now: () => clock.nowMs, ...options },
  );
  const nameOf = async (account: string) => (await cache.find(account))?.name;
  return { names, asked, clock, cache, nameOf };
}

describe("createDirectoryCache", () => {
  test("serves an entry for its time and asks again after it", async () => {
    const { names, clock, nameOf } = setUp();
    expect(await nameOf("ann")).toBe("first");
    names.set("ann", "second");
    clock.nowMs = 4999;
    expect(await nameOf("ann")).toBe("first");
    clock.nowMs = 5000;
    expect(await nameOf("ann")).toBe("second");
  });

  test("remembers that an account is unknown, until it is asked for afresh", async () => {
    const { names, cache, nameOf } = setUp();
    expect(await nameOf("bob")).toBeUndefined();
    names.set("bob", "Bob");
    expect(await nameOf("bob")).toBeUndefined();
    expect((await cache.findFresh("bob"))?.name).toBe("Bob");
    expect(await nameOf("bob")).toBe("Bob");
  });

  test("shares a look-up under way", async () => {
    const { asked, nameOf } = setUp();
    await Promise.all([nameOf("ann"), nameOf("ann")]);
    expect(asked).toEqual(["ann"]);
  });

  test("does not remember a failure", async () => {
    const { names, nameOf } = setUp();
    names.set("ann", "broken");
    await expect(nameOf("ann")).rejects.toThrow("the store is away");
    names.set("ann", "back");
    expect(await nameOf("ann")).toBe("back");
  });

  test("drops the account held longest when it is full", async () => {
    const { asked, nameOf } = setUp({ entriesMax: 2 });
    for (const account of ["a", "b", "c", "b", "c", "a"]) await nameOf(account);
    expect(asked).toEqual(["a", "b", "c", "a"]);
  });
});
