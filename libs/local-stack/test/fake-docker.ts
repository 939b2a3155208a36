import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

/** What a fake `docker` knows, as the first argument of its program. */
export interface FakeDockerOrder {
  /** Where it writes its calls and the pids of its containers. */
  readonly dir: string;
  /** The PATH inside of containers. */
  readonly path: string;
  /** What `docker info` answers. */
  readonly info: string;
  /** The images it has. */
  readonly images: readonly string[];
  /** The programs of this machine that it runs in place of those in the images. */
  readonly programs: Readonly<Record<string, string>>;
}

export interface FakeDocker extends Disposable {
  /** The folder with the program `docker` and nothing else, for PATH. */
  readonly folder: string;
  /** The arguments of every call so far. */
  calls(): readonly (readonly string[])[];
}

/** What an engine of this machine, without user namespaces, answers to `docker info`. */
export const LOCAL_ENGINE = `${hostname()} [name=seccomp,profile=builtin name=cgroupns]`;

export function createFakeDocker(of: Partial<FakeDockerOrder>): FakeDocker {
  const dir = mkdtempSync(join(tmpdir(), "fake-docker-"));
  const folder = join(dir, "bin");
  const order: FakeDockerOrder = {
    path: process.env["PATH"] ?? "",
    info: LOCAL_ENGINE,
    images: [],
    programs: {},
    ...of,
    dir,
  };
  const words = [process.execPath, join(import.meta.dirname, "fake-docker-cli.ts"), JSON.stringify(order)];
  mkdirSync(folder);
  writeFileSync(
    join(folder, "docker"),
    `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`,
    { mode: 0o755 },
  );
  const callsFile = join(dir, "calls.jsonl");
  return {
    folder,
    calls() {
      const text = existsSync(callsFile) ? readFileSync(callsFile, "utf8") : "";
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line): string[] => JSON.parse(line));
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}
