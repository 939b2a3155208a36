import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { findBinary, findProvisioned } from "./find-binary.ts";

const binary = { name: "some-server", variable: "PARLEY_SOME_SERVER", versionFloor: [2, 14] } as const;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "find-binary-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function program(folder: string, version = "2.15.1", mode = 0o755): string {
  mkdirSync(join(dir, folder), { recursive: true });
  const path = join(dir, folder, binary.name);
  writeFileSync(path, `#!/bin/sh\necho "some-server: v${version}"\n`, { mode });
  return path;
}

function places(environment: Record<string, string>) {
  return { environment, provisioned: join(dir, "provisioned") };
}

function onPath(...folders: string[]) {
  return places({ PATH: folders.map((folder) => join(dir, folder)).join(delimiter) });
}

describe("findBinary", () => {
  test("takes the program the environment names before any other", () => {
    const named = program("named");
    program("path");

    const found = findBinary(binary, places({ PARLEY_SOME_SERVER: named, PATH: join(dir, "path") }));

    expect(found).toBe(named);
  });

  test("takes the first on PATH", () => {
    const first = program("first");
    program("second");

    expect(findBinary(binary, onPath("empty", "first", "second"))).toBe(first);
  });

  test("does not take the provisioned one for a program of the machine, though it is on PATH", () => {
    program("provisioned");

    expect(findBinary(binary, onPath("provisioned"))).toBeUndefined();
  });

  test("passes over a program that is too old", () => {
    program("old", "2.9.10");
    const newer = program("newer", "2.14.0");

    expect(findBinary(binary, onPath("old", "newer"))).toBe(newer);
  });

  test("passes over a file that cannot be run", () => {
    program("plain", "2.15.1", 0o644);

    expect(findBinary(binary, onPath("plain"))).toBeUndefined();
  });

  test("refuses a named program that is not there rather than taking another", () => {
    program("path");
    const environment = places({ PARLEY_SOME_SERVER: join(dir, "nowhere"), PATH: join(dir, "path") });

    expect(() => findBinary(binary, environment)).toThrow(/PARLEY_SOME_SERVER=.*nowhere is not a program/);
  });

  test("refuses a named program that is too old", () => {
    const named = program("named", "1.99.0");

    expect(() => findBinary(binary, places({ PARLEY_SOME_SERVER: named }))).toThrow(/older than 2\.14/);
  });
});

describe("findProvisioned", () => {
  test("takes the provisioned program when it is new enough", () => {
    expect(findProvisioned(binary, onPath())).toBeUndefined();

    const provisioned = program("provisioned");

    expect(findProvisioned(binary, onPath())).toBe(provisioned);

    program("provisioned", "2.13.9");

    expect(findProvisioned(binary, onPath())).toBeUndefined();
  });
});
