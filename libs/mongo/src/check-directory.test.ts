import type { DirectoryEntry } from "@parley/contract/directory";
import { userIdOf } from "@parley/contract/ids";
import { describe, expect, test } from "vitest";

import { checkDirectory, type StoredEntry } from "./check-directory.ts";

const entry = (account: string, fields: Partial<DirectoryEntry> = {}): DirectoryEntry => ({
  account,
  userId: userIdOf(account),
  kind: "person",
  homeSite: "alpha",
  enabled: true,
  admin: false,
  words: [account],
  ...fields,
});

const faultsOf = (entries: readonly DirectoryEntry[], stored: readonly StoredEntry[] = []) =>
  checkDirectory(
    entries.map((each, index) => ({ line: index + 1, entry: each })),
    stored,
  ).map(({ line, problem }) => `${line}: ${problem}`);

describe("checkDirectory", () => {
  test("finds nothing wrong with entries that repeat what is stored", () => {
    expect(faultsOf([entry("ann", { name: "Ann" })], [entry("ann")])).toEqual([]);
  });

  test("refuses a changed user id, kind or home site", () => {
    const changed = entry("ann", { userId: userIdOf("other"), kind: "agent", homeSite: "beta" });
    expect(faultsOf([changed], [entry("ann")])).toEqual([
      `1: userId cannot change: it is "${userIdOf("ann")}"`,
      '1: kind cannot change: it is "person"',
      '1: homeSite cannot change: it is "alpha"',
    ]);
  });

  test("refuses a user id that another stored account holds", () => {
    expect(faultsOf([entry("ann", { userId: userIdOf("bob") })], [entry("bob")])).toEqual([
      `1: userId "${userIdOf("bob")}" is that of "bob"`,
    ]);
  });

  test("takes an agent that acts for a person of the file or of the store", () => {
    const helper = entry("helper", { kind: "agent", onBehalfOf: "ann" });
    expect(faultsOf([helper, entry("ann")])).toEqual([]);
    expect(faultsOf([helper], [entry("ann")])).toEqual([]);
  });

  test("refuses onBehalfOf that names nobody, an agent, or stands on a person", () => {
    expect(
      faultsOf([
        entry("one", { kind: "agent", onBehalfOf: "nobody" }),
        entry("two", { kind: "agent", onBehalfOf: "one" }),
        entry("three", { onBehalfOf: "four" }),
        entry("four"),
      ]),
    ).toEqual([
      '1: onBehalfOf "nobody" is not a known person',
      '2: onBehalfOf "one" is not a known person',
      "3: onBehalfOf is for agents only",
    ]);
  });
});
