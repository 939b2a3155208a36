import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { everyRequest } from "../test/every-request.ts";
import { matchesFilter } from "../test/matches-filter.ts";
import { canonicalSubjects } from "./events.ts";
import { Failure } from "./failure.ts";
import { base62, uuidV7 } from "./ids.ts";
import { roomSubjects, userSubjects } from "./notices.ts";
import { subject, type Subject } from "./subject.ts";
import { isToken, type TokenName } from "./tokens.ts";

type AnySubject = Subject<string>;
type Tokens = Readonly<Record<string, string>>;

const families: readonly AnySubject[] = [
  ...Object.values(userSubjects),
  ...Object.values(roomSubjects),
  ...Object.values(canonicalSubjects),
  ...everyRequest.map((request) => request.subject),
];

const handle = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((text) => isToken("account", text));
const site = fc.stringMatching(/^[a-z0-9-]{1,32}$/).filter((text) => isToken("siteId", text));
const word = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,63}$/);
const derived = (length: number) => fc.string().map((text) => base62(text, length));

/** Any value a token may have. */
const TOKEN_VALUES: Readonly<Record<TokenName, fc.Arbitrary<string>>> = {
  account: handle,
  dest: site,
  fromSite: site,
  homeSite: site,
  messageId: fc.oneof(derived(20), derived(22)),
  orgId: handle,
  partition: fc.nat(9999).map(String),
  process: word,
  reason: word,
  requestId: fc.nat(2 ** 40).map((at) => uuidV7(at)),
  roomId: fc.oneof(derived(17), derived(34)),
  siteId: site,
  type: word,
};

const namesOf = ({ template }: AnySubject): TokenName[] =>
  [...template.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name as TokenName);

const tokensOf = (family: AnySubject): fc.Arbitrary<Tokens> =>
  fc.record(Object.fromEntries(namesOf(family).map((name) => [name, TOKEN_VALUES[name]])));

const build = (family: AnySubject, tokens: Tokens): string => family.of(tokens);

const invalid: unknown = expect.objectContaining({ reason: "invalid_subject", code: "bad_request" });

describe.each(families.map((family) => [family.template, family] as const))("%s", (_template, family) => {
  test("names only tokens that have a check", () => {
    expect(namesOf(family).filter((name) => !Object.hasOwn(TOKEN_VALUES, name))).toEqual([]);
  });

  test("reads back the tokens it was built of", () => {
    fc.assert(
      fc.property(tokensOf(family), (tokens) => {
        expect(family.parse(build(family, tokens))).toEqual(tokens);
      }),
      { numRuns: 30 },
    );
  });

  // R2
  test("refuses every forbidden character in every token, built, filtered and parsed", () => {
    const valid = fc.sample(tokensOf(family), 1)[0] ?? {};
    for (const name of namesOf(family)) {
      for (const character of '.*>"\\ \t\n\r\0\u007F\u00A0') {
        const tokens = { ...valid, [name]: `${valid[name]}${character}` };
        const text = family.template.replaceAll(/\{(\w+)\}/g, (_, of: string) => tokens[of] ?? "");

        expect(() => build(family, tokens)).toThrow(invalid);
        expect(() => family.filter({ [name]: tokens[name] })).toThrow(invalid);
        expect(() => family.parse(text)).toThrow(invalid);
      }
    }
  });

  test("refuses a token that is missing", () => {
    const valid = fc.sample(tokensOf(family), 1)[0] ?? {};
    for (const name of namesOf(family)) {
      const { [name]: _left, ...rest } = valid;

      expect(() => build(family, rest)).toThrow(invalid);
      expect(() => build(family, { ...valid, [name]: "" })).toThrow(invalid);
    }
  });

  test("refuses the subjects of every other family", () => {
    for (const other of families.filter(({ template }) => template !== family.template)) {
      const concrete = build(other, fc.sample(tokensOf(other), 1)[0] ?? {});

      expect(() => family.parse(concrete)).toThrow(invalid);
    }
  });
});

describe("a filter", () => {
  const family = subject("chat.room.canonical.{siteId}.{roomId}.{type}");

  test("has a wildcard for every token that is not fixed", () => {
    expect(family.filter()).toBe("chat.room.canonical.*.*.*");
    expect(family.filter({ siteId: "alpha" })).toBe("chat.room.canonical.alpha.*.*");
    expect(family.filter({ type: "room_created" })).toBe("chat.room.canonical.*.*.room_created");
  });

  test("takes exactly the subjects of its fixed tokens", () => {
    fc.assert(
      fc.property(tokensOf(family), site, (tokens, siteId) => {
        const concrete = build(family, tokens);
        expect(matchesFilter(family.filter({ siteId }), concrete)).toBe(tokens["siteId"] === siteId);
      }),
    );
  });
});

describe("a subject of the wrong form", () => {
  const family = subject("chat.room.{siteId}.{roomId}.event");
  const room = "jHjHNiEuCoJo8Nrzp";

  test.each([
    ["", "empty"],
    [`chat.room.alpha.${room}`, "too short"],
    [`chat.room.alpha.${room}.event.member`, "too long"],
    [`chat.room.alpha.${room}.Event`, "of another word"],
    [`chat.rooms.alpha.${room}.event`, "of another family"],
    [`chat.room.canonical.${room}.event`, "of a reserved site"],
    [`chat.room..${room}.event`, "with an empty token"],
    [`chat.room.*.${room}.event`, "with a wildcard"],
  ])("%j is refused: %s", (concrete) => {
    expect(() => family.parse(concrete)).toThrow(Failure);
    expect(() => family.parse(concrete)).toThrow(invalid);
  });
});

// R8
test("any text at all is parsed or refused, never anything else", () => {
  const token = fc.oneof(fc.string(), fc.constantFrom("chat", "user", "room", "*", ">", "alpha", "request"));
  fc.assert(
    fc.property(
      fc.array(token, { maxLength: 12 }).map((parts) => parts.join(".")),
      (text) => {
        for (const family of families) {
          try {
            expect(build(family, family.parse(text) as Tokens)).toBe(text);
          } catch (error) {
            expect(error).toEqual(invalid);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});
