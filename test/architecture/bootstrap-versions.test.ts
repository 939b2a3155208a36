import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** The `NAME=value` lines of deploy/local/versions.env, without quotes. */
const pinned = new Map(
  [...read("deploy/local/versions.env").matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(
    ([, name = "", value = ""]) => [name, value],
  ),
);

describe("the versions that the bootstrap installs", () => {
  it("are the Node that the workspace runs its tools with", () => {
    const inCatalog = /^ {2}node: (\S+)$/m.exec(read("pnpm-workspace.yaml"))?.[1];

    expect(pinned.get("NODE_VERSION")).toBe(inCatalog);
  });

  it("are the Node that the image runs the services with", () => {
    const inImage = /^ARG NODE_VERSION=(\S+)$/m.exec(read("deploy/image/Dockerfile"))?.[1];

    expect(pinned.get("NODE_VERSION")).toBe(inImage);
  });

  it("are the pnpm that the image installs the dependencies with", () => {
    const inImage = /^ARG PNPM_VERSION=(\S+)$/m.exec(read("deploy/image/Dockerfile"))?.[1];

    expect(pinned.get("PNPM_VERSION")).toBe(inImage);
  });

  it("demand no less of a Chromium found on the machine than the tests do", () => {
    const [, major, minor] =
      /versionFloor: \[(\d+), (\d+)\]/.exec(read("test/browser/chromium-program.ts")) ?? [];

    expect(pinned.get("CHROMIUM_VERSION_MIN")).toBe(`${major}.${minor}.0`);
  });

  it("demand no less of a Node found on the machine than package.json does", () => {
    const demanded = /"node": ">=([\d.]+)"/.exec(read("package.json"))?.[1];

    expect(pinned.get("NODE_VERSION_MIN")).toBe(`${demanded}.0`);
  });
});
