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
  const namesOf = async (...accounts: string[]) => (await cache.findMany(accounts)).map(({ name }) => name);
  return { names, asked, clock, cache, nameOf, namesOf };
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

  // R21
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

describe("a look-up of many", () => {
  test("answers in the order asked, each account once, with one read", async () => {
    const { names, asked, namesOf } = setUp();
    for (const account of ["bob", "cat"]) names.set(account, account);
    expect(await namesOf("cat", "ann", "cat", "bob")).toEqual(["cat", "first", "bob"]);
    expect(asked).toEqual(["cat+ann+bob"]);
  });

  test("reads only what is not held, and nothing when all is", async () => {
    const { names, asked, nameOf, namesOf } = setUp();
    names.set("bob", "Bob");
    await nameOf("ann");
    expect(await namesOf("bob", "ann")).toEqual(["Bob", "first"]);
    expect(await namesOf("ann", "bob")).toEqual(["first", "Bob"]);
    expect(await namesOf()).toEqual([]);
    expect(asked).toEqual(["ann", "bob"]);
  });

  test("holds what it read for its time, for single look-ups too", async () => {
    const { names, clock, nameOf, namesOf } = setUp();
    await namesOf("ann");
    names.set("ann", "second");
    clock.nowMs = 4999;
    expect(await nameOf("ann")).toBe("first");
    clock.nowMs = 5000;
    expect(await namesOf("ann")).toEqual(["second"]);
  });

  test("shares what is under way with look-ups of one and of others, either way", async () => {
    const { names, asked, nameOf, namesOf } = setUp();
    for (const account of ["bob", "cat"]) names.set(account, account);
    const found = [nameOf("ann"), namesOf("ann", "bob"), nameOf("bob"), namesOf("bob", "cat")];
    expect(await Promise.all(found)).toEqual(["first", ["first", "bob"], "bob", ["bob", "cat"]]);
    expect(asked).toEqual(["ann", "bob", "cat"]);
  });

  test("leaves unknown accounts out and remembers that for the time of an entry", async () => {
    const { names, asked, clock, nameOf, namesOf } = setUp();
    expect(await namesOf("bob", "ann")).toEqual(["first"]);
    names.set("bob", "Bob");
    expect(await namesOf("bob", "ann")).toEqual(["first"]);
    expect(await nameOf("bob")).toBeUndefined();
    expect(asked).toEqual(["bob+ann"]);
    clock.nowMs = 5000;
    expect(await namesOf("bob", "ann")).toEqual(["Bob", "first"]);
  });

  test("is answered by what an account was asked afresh for", async () => {
    const { names, cache, namesOf } = setUp();
    await namesOf("ann");
    names.set("ann", "second");
    await cache.findFresh("ann");
    expect(await namesOf("ann")).toEqual(["second"]);
  });

  test("fails with its read, whoever shares it too, and none of it is remembered", async () => {
    const { names, asked, nameOf, namesOf } = setUp();
    names.set("bob", "broken");
    const shared = [namesOf("ann", "bob"), nameOf("ann")];
    for (const each of await Promise.allSettled(shared))
      expect(each).toMatchObject({ status: "rejected", reason: { message: "the store is away" } });
    names.set("bob", "back");
    expect(await namesOf("ann", "bob")).toEqual(["first", "back"]);
    expect(asked).toEqual(["ann+bob", "ann+bob"]);
  });

  test("answers all of more accounts than are held", async () => {
    const { names, asked, namesOf } = setUp({ entriesMax: 2 });
    for (const account of ["bob", "cat"]) names.set(account, account);
    expect(await namesOf("ann", "bob", "cat")).toEqual(["first", "bob", "cat"]);
    expect(await namesOf("ann", "bob", "cat")).toEqual(["first", "bob", "cat"]);
    expect(asked).toEqual(["ann+bob+cat", "ann"]);
  });
});
