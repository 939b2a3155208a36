import { Failure } from "@parley/contract/failure";
import { cursor } from "@parley/contract/shapes";
import { describe, expect, test } from "vitest";

import { directoryCursor, placeOf } from "./directory-cursor.ts";

const person = (name: string, account = "ann") =>
  ({ kind: "person", name, account, userId: "u", homeSite: "alpha" }) as const;
const org = (name: string, orgId = "eng") => ({ kind: "org", name, orgId, memberCount: 1 }) as const;

describe("directoryCursor", () => {
  test.each([person("Ann Lee"), person("two\nlines\u0000"), org("Engines"), org("a", "a"), person("")])(
    "reads back the place of %o",
    (row) => {
      expect(directoryCursor.parse(directoryCursor.of(row))).toEqual(placeOf(row));
    },
  );

  test("fits into a request, however long the names", () => {
    const long = "\u{1F600}".repeat(100);
    expect(cursor.safeParse(directoryCursor.of(person(`${long} ${long}`, "x".repeat(64)))).success).toBe(
      true,
    );
  });

  test.each(["", "ann", "aAnn\n", "xAnn\nann"])("refuses %j", (text) => {
    expect(() => directoryCursor.parse(text)).toThrow(Failure);
  });
});
