import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { delimiter, join } from "node:path";

import { inCheckout } from "./checkout.ts";

/** A server program and where to look for it. */
export interface Binary {
  readonly name: string;
  /** The environment variable that names the program and wins over every other place. */
  readonly variable: string;
  /** Oldest version that serves; an older one on PATH is passed over. */
  readonly versionFloor?: readonly [major: number, minor: number];
}

/** DESIGN 4: message schedules, pinned consumers and expected-sequence filters need 2.14. */
export const natsServerBinary: Binary = {
  name: "nats-server",
  variable: "PARLEY_NATS_SERVER",
  versionFloor: [2, 14],
};
export const valkeyServerBinary: Binary = {
  name: "valkey-server",
  variable: "PARLEY_VALKEY_SERVER",
  versionFloor: [8, 0],
};
export const mongodBinary: Binary = { name: "mongod", variable: "PARLEY_MONGOD" };

const ANY_EXECUTE = 0o111;

interface Places {
  readonly environment?: NodeJS.ProcessEnv;
  /** Where the bootstrap puts what it provisions. */
  readonly provisioned?: string;
}

/**
 * Finds a server program: the one the environment names, else the first on PATH that is new enough, else the
 * one provisioned in `.local/bin`.
 *
 * @throws when the environment names a program that cannot be run or is too old
 */
export function findBinary(binary: Binary, places: Places = {}): string | undefined {
  const { environment = process.env, provisioned = inCheckout(".local/bin") } = places;
  const named = environment[binary.variable];
  if (named !== undefined && named !== "") {
    return checkNamed(binary, named);
  }
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...folders, provisioned]
    .map((folder) => join(folder, binary.name))
    .find((path) => isExecutable(path) && isNewEnough(binary, path));
}

/**
 * As `findBinary`, for a server that cannot be done without.
 *
 * @throws when there is none; the message says how to get one
 */
export function requireBinary(binary: Binary, places: Places = {}): string {
  const path = findBinary(binary, places);
  if (path === undefined) {
    const version = binary.versionFloor === undefined ? "" : ` ${binary.versionFloor.join(".")} or newer`;
    throw new Error(
      `${binary.name}${version} was not found. "make test" and "make demo" provision it; or install it on PATH, ` +
        `or name the program in ${binary.variable}.`,
    );
  }
  return path;
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
