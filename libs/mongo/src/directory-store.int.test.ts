import { userIdOf } from "@parley/contract/ids";
import { describe, expect } from "vitest";

import { test as base } from "../test/mongo-test.ts";
import type { DirectoryStore } from "./directory-store.ts";
import { mongoDirectoryStore } from "./directory-store.mongo.ts";
import { importDirectory } from "./import-directory.ts";

const line = (account: string, fields: object = {}) => ({
  account,
  kind: "person",
  homeSite: "alpha",
  ...fields,
});
const fileOf = (lines: readonly object[]): string => lines.map((each) => JSON.stringify(each)).join("\n");

const DIRECTORY = [
  line("ann", {
    name: "Ann Lee",
    sectId: "eng",
    sectName: "Engine Room",
    deptId: "tech",
    deptName: "Technology",
  }),
  line("bob", {
    name: "Bob",
    sectId: "eng",
    sectName: "Engine Room",
    deptId: "tech",
    deptName: "Technology",
  }),
  line("cid", { name: "Cid", deptId: "eng", deptName: "Engineering", deptAltName: "Technik" }),
  line("dee", { name: "Dee", homeSite: "beta", sectId: "one", deptId: "one", sectName: "One" }),
  line("off", { name: "Offline Ann", enabled: false, sectId: "eng", deptId: "gone" }),
  line("helper", { kind: "agent", name: "Ann's helper", onBehalfOf: "ann", sectId: "eng" }),
];

const test = base.extend("directory", { scope: "file" }, async ({ database }) => {
  const store = mongoDirectoryStore(database);
  expect(await importDirectory(store, fileOf(DIRECTORY))).toEqual({
    status: "imported",
    entries: 6,
    disabled: ["off"],
    newlyDisabled: [],
  });
  return store;
});

const namesOf = (rows: readonly { name: string }[]): string[] => rows.map((row) => row.name);
const rowsOf = async (store: DirectoryStore, of: Parameters<DirectoryStore["search"]>[0]) =>
  (await store.search(of)).rows;
const everything = ["ann", "bob", "cid", "dee", "off", "helper", "new", "late"];

test("finds whose user id it is", async ({ directory }) => {
  expect(await directory.findByUserId(userIdOf("dee"))).toMatchObject({ account: "dee", homeSite: "beta" });
  expect(await directory.findByUserId(userIdOf("nobody"))).toBeUndefined();
});

describe("importDirectory", () => {
  // R102
  test("changes nothing when it is repeated", async ({ directory }) => {
    const before = await directory.findMany(everything);
    await importDirectory(directory, fileOf(DIRECTORY));
    expect(await directory.findMany(everything)).toEqual(before);
    expect(before).toHaveLength(6);
  });

  test("says who is disabled, and who was enabled until now", async ({ directory }) => {
    const importing = (...lines: readonly object[]) => importDirectory(directory, fileOf(lines));
    const off = (account: string) => line(account, { enabled: false });
    await importing(line("dis1"), off("dis2"));
    expect(await importing(off("dis1"), off("dis2"), off("dis3"), line("dis4"))).toEqual({
      status: "imported",
      entries: 4,
      disabled: ["dis1", "dis2", "dis3"],
      newlyDisabled: ["dis1"],
    });
    expect(await importing(off("dis1"))).toMatchObject({ disabled: ["dis1"], newlyDisabled: [] });
  });

  // R102
  test("writes nothing when one line of many is bad, and names it", async ({ directory }) => {
    const before = await directory.findMany(everything);
    const many = Array.from({ length: 700 }, (_, index) => line(`many${index}`));
    const wrong = [...many, line("new"), line("ann", { name: "Changed", homeSite: "beta" })];
    expect(await importDirectory(directory, fileOf(wrong))).toEqual({
      status: "refused",
      faults: [{ line: 702, problem: 'homeSite cannot change: it is "alpha"' }],
    });
    const unreadable = `${fileOf([line("new"), line("ann", { name: "Changed" })])}\n{`;
    expect(await importDirectory(directory, unreadable)).toEqual({
      status: "refused",
      faults: [{ line: 3, problem: "not a JSON object" }],
    });
    expect(await directory.findMany(everything)).toEqual(before);
    expect(await directory.find("many0")).toBeUndefined();
  });

  test("checks user ids and acting persons against what is stored", async ({ directory }) => {
    const wrong = [
      line("new", { userId: userIdOf("bob") }),
      line("late", { kind: "agent", onBehalfOf: "helper" }),
      line("bob", { userId: userIdOf("new") }),
    ];
    const outcome = await importDirectory(directory, fileOf(wrong));
    expect(outcome).toEqual({
      status: "refused",
      faults: [
        { line: 1, problem: `userId "${userIdOf("bob")}" is that of "bob"` },
        { line: 2, problem: 'onBehalfOf "helper" is not a known person' },
        { line: 3, problem: `userId cannot change: it is "${userIdOf("bob")}"` },
      ],
    });
  });

  test("replaces what an entry says and leaves unlisted accounts", async ({ directory }) => {
    await importDirectory(directory, fileOf([line("swap", { name: "First", sectId: "swaps" })]));
    await importDirectory(directory, fileOf([line("swap", { altName: "Second" })]));
    const swapped = await directory.find("swap");
    expect(swapped).toMatchObject({ altName: "Second", words: ["swap", "second"] });
    expect(swapped).not.toHaveProperty("name");
    expect(swapped).not.toHaveProperty("sectId");
    expect(await directory.find("ann")).toMatchObject({ name: "Ann Lee" });
  });
});

describe("mongoDirectoryStore", () => {
  test("finds entries as they were imported", async ({ directory }) => {
    expect(await directory.find("helper")).toMatchObject({
      account: "helper",
      userId: userIdOf("helper"),
      kind: "agent",
      onBehalfOf: "ann",
      enabled: true,
      admin: false,
    });
    expect(await directory.find("helper")).not.toHaveProperty("_id");
    expect((await directory.findMany(["dee", "nobody", "ann", "ann"])).map((each) => each.account)).toEqual([
      "ann",
      "dee",
    ]);
  });

  // R22
  test("matches department ids wherever section ids match, people once and enabled ones only", async ({
    directory,
  }) => {
    const [engineering, one, gone, tech] = await directory.orgs(["eng", "one", "gone", "tech"]);
    expect(engineering?.people.map((each) => each.account)).toEqual(["ann", "bob", "cid"]);
    expect(one?.people.map((each) => [each.account, each.siteId])).toEqual([["dee", "beta"]]);
    expect(gone).toEqual({ orgId: "gone", name: "gone", people: [] });
    expect(tech?.people).toHaveLength(2);
  });

  // R23
  test("names an org by department, then section, then id", async ({ directory }) => {
    const orgs = await directory.orgs(["eng", "one", "tech", "gone"]);
    expect(namesOf(orgs)).toEqual(["Engineering Technik", "One", "Technology", "gone"]);
  });

  test("resolves everything a command names, in its order, disabled accounts included", async ({
    directory,
  }) => {
    const found = await directory.resolve({
      users: ["off", "nobody", "helper", "off"],
      orgs: ["tech", "tech"],
    });
    expect(found.users.map((each) => [each.account, each.kind, each.enabled])).toEqual([
      ["off", "person", false],
      ["helper", "agent", true],
    ]);
    expect(found.missing).toEqual(["nobody"]);
    expect(found.orgs.map((each) => each.orgId)).toEqual(["tech"]);
    expect(found.users[0]).toEqual({
      account: "off",
      userId: userIdOf("off"),
      siteId: "alpha",
      kind: "person",
      enabled: false,
      sectId: "eng",
      deptId: "gone",
    });
    expect(await directory.resolve({ users: [], orgs: [] })).toEqual({ users: [], missing: [], orgs: [] });
  });

  test("searches enabled people and agents by the beginning of a word, by name", async ({ directory }) => {
    const rows = await rowsOf(directory, { prefix: "ann", limit: 10 });
    expect(rows).toEqual([
      { kind: "person", name: "Ann Lee", account: "ann", userId: userIdOf("ann"), homeSite: "alpha" },
      {
        kind: "agent",
        name: "Ann's helper",
        account: "helper",
        userId: userIdOf("helper"),
        homeSite: "alpha",
      },
    ]);
    expect(namesOf(await rowsOf(directory, { prefix: "ann", kinds: ["agent"], limit: 10 }))).toEqual([
      "Ann's helper",
    ]);
    expect(namesOf(await rowsOf(directory, { prefix: "nn", limit: 10 }))).toEqual([]);
  });

  test("searches orgs by id and by the name everybody sees", async ({ directory }) => {
    const orgs = (prefix: string) => rowsOf(directory, { prefix, kinds: ["org"], limit: 10 });
    expect(await orgs("eng")).toEqual([
      { kind: "org", name: "Engineering Technik", orgId: "eng", memberCount: 3 },
    ]);
    expect(namesOf(await orgs("tech"))).toEqual(["Engineering Technik", "Technology"]);
    expect(await orgs("room")).toEqual([]);
    expect(await orgs("gone")).toEqual([]);
  });

  test("gives the first rows by name, whatever their kind", async ({ directory }) => {
    const all = await rowsOf(directory, { prefix: "eng", limit: 10 });
    expect(namesOf(all)).toEqual(["Ann Lee", "Ann's helper", "Bob", "Cid", "Engineering Technik"]);
    for (const limit of [1, 2, 4]) {
      expect(await rowsOf(directory, { prefix: "eng", limit })).toEqual(all.slice(0, limit));
    }
  });

  test("takes a prefix for text, not for a pattern", async ({ directory }) => {
    await importDirectory(directory, fileOf([line("odd", { name: "c++ [x] \\d 100% ünï" })]));
    for (const prefix of ["c++", "[x", "\\d", "100%", "ün"]) {
      expect(namesOf(await rowsOf(directory, { prefix, kinds: ["person"], limit: 10 }))).toEqual([
        "c++ [x] \\d 100% ünï",
      ]);
    }
    for (const prefix of [".", "c.", "(", "a|b", "\u0000"]) {
      expect(await rowsOf(directory, { prefix, limit: 10 })).toEqual([]);
    }
  });

  test("orders equal names by account", async ({ directory }) => {
    const twins = ["zwin", "ywin", "xwin"].map((account) => line(account, { name: "Twin" }));
    await importDirectory(directory, fileOf(twins));
    const rows = await rowsOf(directory, { prefix: "twin", kinds: ["person"], limit: 2 });
    expect(rows.map((row) => (row.kind === "org" ? row.orgId : row.account))).toEqual(["xwin", "ywin"]);
  });

  test("goes on after a page until everything was given once, people, agents and orgs alike", async ({
    directory,
  }) => {
    await importDirectory(
      directory,
      fileOf([
        line("pag", { name: "pag", sectId: "pag", sectName: "pag" }),
        line("pag2", { name: "pag", sectId: "pag" }),
        line("pagbot", { kind: "agent", name: "pag" }),
        line("pago", { name: "Pago", deptId: "pagd", deptName: "Pag department" }),
      ]),
    );
    const all = await rowsOf(directory, { prefix: "pag", limit: 50 });
    expect(all.map((row) => (row.kind === "org" ? `org ${row.orgId}` : row.account))).toEqual([
      "org pagd",
      "pago",
      "pag",
      "org pag",
      "pag2",
      "pagbot",
    ]);
    for (const limit of [1, 2, 3, 5]) {
      const pages: (typeof all)[number][] = [];
      let after: string | undefined;
      do {
        const page = await directory.search({ prefix: "pag", after, limit });
        expect(page.rows.length).toBeLessThanOrEqual(limit);
        pages.push(...page.rows);
        after = page.next;
      } while (after !== undefined);
      expect(pages, `pages of ${limit}`).toEqual(all);
    }
    await expect(directory.search({ prefix: "pag", after: "x", limit: 1 })).rejects.toMatchObject({
      reason: "invalid_request",
    });
  });
});

describe("the people of an org", () => {
  test("come by account, each once, whichever way they belong, page by page", async ({ directory }) => {
    await importDirectory(
      directory,
      fileOf([
        line("o1", { sectId: "org", sectName: "As a section" }),
        line("o2", { sectId: "org", deptId: "org" }),
        line("o3", { deptId: "org", deptName: "", deptAltName: "As a department" }),
        line("o4", { deptId: "org", deptName: "Later" }),
        line("o5", { sectId: "org", enabled: false, deptId: "org", deptName: "Gone" }),
        line("o0", { kind: "agent", deptId: "org", deptName: "Of an agent" }),
      ]),
    );
    const accountsOf = (rows: readonly { account: string }[]) => rows.map(({ account }) => account);
    const whole = await directory.orgMembers({ orgId: "org", limit: 10 });
    expect(whole.name).toBe("As a department");
    expect(accountsOf(whole.rows)).toEqual(["o1", "o2", "o3", "o4"]);
    expect(whole.next).toBeUndefined();
    const first = await directory.orgMembers({ orgId: "org", limit: 2 });
    expect([accountsOf(first.rows), first.next, first.name]).toEqual([["o1", "o2"], "o2", whole.name]);
    const rest = await directory.orgMembers({ orgId: "org", after: "o2", limit: 2 });
    expect([accountsOf(rest.rows), rest.next, rest.name]).toEqual([["o3", "o4"], undefined, whole.name]);
    expect((await directory.orgMembers({ orgId: "nobody", limit: 2 })).rows).toEqual([]);
    const [resolved] = await directory.orgs(["org"]);
    expect(resolved).toMatchObject({
      name: whole.name,
      people: whole.rows.map(({ account }) => ({ account })),
    });
  });

  test("and the directory's searches are served by indexes", async ({ directory, database }) => {
    await directory.orgMembers({ orgId: "org", limit: 2 });
    const users = database.collection("users");
    const planOf = async (filter: object, sort: Record<string, 1> = {}) =>
      JSON.stringify(await users.find(filter, { sort }).explain("queryPlanner"));
    expect(await planOf({ enabled: true, words: { $regex: "^ann" } })).toContain("words_1");
    for (const way of ["sectId", "deptId"]) {
      const plan = await planOf(
        { [way]: "org", account: { $gt: "o2" }, enabled: true, kind: "person" },
        { account: 1 },
      );
      expect(plan).toContain(`${way}_1_account_1`);
      expect(plan).not.toContain("SORT");
    }
  });
});
