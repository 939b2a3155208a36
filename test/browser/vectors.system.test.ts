import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { vectorFiles } from "../vectors/generate.ts";
import type { VectorFiles, VectorOutcome } from "../vectors/vector-outcomes.ts";
import { openPage, type OpenPage } from "./open-page.ts";

const VECTORS = join(import.meta.dirname, "../vectors");
/** Each file with who judges its vectors. */
const FILES: readonly (readonly [keyof VectorFiles, readonly string[]])[] = [
  ["content.json", ["the portable suite", "WebCrypto"]],
  ["ids.json", ["the contract library"]],
  ["roster.json", ["the room library"]],
  ["seal.json", ["the portable suite", "WebCrypto"]],
  ["seal-committed.json", ["the portable suite", "WebCrypto"]],
  ["wrap.json", ["the portable suite", "WebCrypto"]],
];

const opened = new AsyncDisposableStack();
let page: OpenPage;

beforeAll(async () => {
  page = opened.use(await openPage());
});
afterAll(() => opened.disposeAsync());

const textOf = (file: string): string => readFileSync(join(VECTORS, file), "utf8");
const namesIn = (text: string): string[] =>
  JSON.parse(text).map(({ name }: { readonly name: string }) => name);

const failed = (outcomes: readonly VectorOutcome[]): readonly VectorOutcome[] =>
  outcomes.filter(({ failure }) => failure !== undefined);

// K14
test("every file of vectors is tried in the browser", () => {
  expect(FILES.map(([file]) => file).toSorted()).toEqual(Object.keys(vectorFiles()).toSorted());
});

// R71
test.each(FILES)("each vector of %s holds in Chromium", async (file, judges) => {
  const text = textOf(file);
  const outcomes = await page.call("vectorOutcomes", file, text);

  expect(failed(outcomes)).toEqual([]);
  const [first = "", ...others] = judges;
  const judgedBy = (judge: string) => outcomes.filter(({ by }) => by === judge).map(({ name }) => name);
  expect(judgedBy(first)).toEqual(namesIn(text));
  for (const judge of others) expect(namesIn(text)).toEqual(expect.arrayContaining(judgedBy(judge)));
  expect(new Set(outcomes.map(({ by }) => by))).toEqual(new Set(judges));
  expect(page.uncaught).toEqual([]);
});

// What the tests above are worth: a vector that is wrong in one place is told from those that are right.
describe("a vector that was spoiled", () => {
  /** The file's text with one of its vectors, by name, changed. */
  function spoiled(
    file: string,
    name: string,
    change: (vector: { input: Record<string, unknown>; expect: Record<string, unknown> }) => void,
  ): string {
    const vectors = JSON.parse(textOf(file));
    change(vectors.find((vector: { readonly name: string }) => vector.name === name));
    return JSON.stringify(vectors);
  }

  test.each([
    ["ids.json", "user bob", "oRnNJiRm4DBwopLGo"],
    ["roster.json", "ann and bob", { rosterHash: "0".repeat(64), rosterDigest: "0".repeat(64) }],
  ] as const)("of %s fails alone", async (file, name, wrong) => {
    const text = spoiled(file, name, (vector) => Object.assign(vector, { expect: wrong }));
    const outcomes = failed(await page.call("vectorOutcomes", file, text));

    expect(outcomes.map((outcome) => outcome.name)).toEqual([name]);
  });

  test.each([
    ["content.json", "plaintext", "eyJjb250ZW50IjoiaGVsbG8iIH0="],
    ["seal.json", "plaintext", "eyJjb250ZW50IjoiaGVsbG8iIH0="],
    ["seal-committed.json", "roomId", "aSq00HrEHIPae2UHpoRnNJiRm4DBwopLGo"],
    ["wrap.json", "version", 4],
  ] as const)("of %s fails alone, by whoever judges it", async (file, field, wrong) => {
    const text = spoiled(file, "anchor", ({ input }) => Object.assign(input, { [field]: wrong }));
    const outcomes = failed(await page.call("vectorOutcomes", file, text));

    expect(outcomes.map(({ name, by }) => [name, by])).toEqual([
      ["anchor", "the portable suite"],
      ["anchor", "WebCrypto"],
    ]);
  });

  test("of a body that must not open fails when it does open", async () => {
    const [anchor] = JSON.parse(textOf("seal-committed.json"));
    const { sealed } = anchor.expect;
    const text = JSON.stringify([
      { name: "it opens", input: { ...anchor.input, sealed }, expectError: "corrupt" },
    ]);
    const outcomes = failed(await page.call("vectorOutcomes", "seal-committed.json", text));

    expect(outcomes.map(({ by }) => by)).toEqual(["the portable suite", "WebCrypto"]);
  });
});
