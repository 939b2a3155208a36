import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

import { inCheckout } from "./checkout.ts";

const ANY_EXECUTE = 0o111;
const PROVISIONED = inCheckout(".local/bin");

/** A server program and where to look for it. */
export interface Binary {
  readonly name: string;
  /** The environment variable that names the program and wins over every other place. */
  readonly variable: string;
  /** Oldest version that serves; an older one on PATH is passed over. */
  readonly versionFloor?: readonly [major: number, minor: number];
}

/** Where programs are looked for. */
export interface Places {
  readonly environment?: NodeJS.ProcessEnv;
  /** Where the bootstrap puts what it provisions. */
  readonly provisioned?: string;
}

/**
 * Finds a program of this machine: the one the environment names, else the first on PATH that is new enough. What the
 * bootstrap provisioned is no program of the machine, though make has it on PATH.
 *
 * @throws when the environment names a program that cannot be run or is too old
 */
export function findBinary(binary: Binary, places: Places = {}): string | undefined {
  const { environment = process.env, provisioned = PROVISIONED } = places;
  const named = environment[binary.variable];
  if (named !== undefined && named !== "") {
    return checkNamed(binary, named);
  }
  return (environment["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "" && resolve(folder) !== resolve(provisioned))
    .map((folder) => join(folder, binary.name))
    .find((path) => serves(binary, path));
}

/** The program that the bootstrap put into `.local/bin`, when it did. */
export function findProvisioned(
  binary: Binary,
  { provisioned = PROVISIONED }: Places = {},
): string | undefined {
  const path = join(provisioned, binary.name);
  return serves(binary, path) ? path : undefined;
}

function serves(binary: Binary, path: string): boolean {
  return isExecutable(path) && isNewEnough(binary, path);
}

function checkNamed(binary: Binary, path: string): string {
  if (!isExecutable(path)) {
    throw new Error(`${binary.variable}=${path} is not a program that can be run.`);
  }
  if (!isNewEnough(binary, path)) {
    throw new Error(`${binary.variable}=${path} is older than ${binary.versionFloor?.join(".")}.`);
  }
  return path;
}

function isExecutable(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && (found.mode & ANY_EXECUTE) !== 0;
}

function isNewEnough({ versionFloor }: Binary, path: string): boolean {
  if (versionFloor === undefined) {
    return true;
  }
  const version = /(\d+)\.(\d+)\.\d+/.exec(execFileSync(path, ["--version"], { encoding: "utf8" }));
  if (version === null) {
    return false;
  }
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > versionFloor[0] || (major === versionFloor[0] && minor >= versionFloor[1]);
}
