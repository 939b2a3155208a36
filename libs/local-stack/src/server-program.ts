import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { relative } from "node:path";

import { inCheckout } from "./checkout.ts";

/** What to spawn, so that a server runs. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  /** The server then runs in the container of this name, and the command is only a client of Docker's. */
  readonly container?: string;
}

/** A server that can be run here. */
export interface ServerProgram {
  /** Where it comes from, for people. */
  readonly origin: string;
  /** One way to run it; it may write in `dir` alone. */
  commandLine(run: { readonly dir: string; readonly args: readonly string[] }): CommandLine;
}

/** A program on this machine. */
export function fileProgram(path: string): ServerProgram {
  const inside = relative(inCheckout(), path);
  return {
    origin: inside.startsWith("..") ? path : inside,
    commandLine: ({ args }) => ({ command: path, args }),
  };
}

/**
 * The program of an image, run with this machine's network and as this user: addresses, files and rights are those that
 * the same program would have outside. The container is gone once the program ends.
 */
export function containerProgram({ name, image }: { name: string; image: string }): ServerProgram {
  const { getuid, getgid } = process;
  assert(getuid !== undefined && getgid !== undefined, "containers are used on Linux alone");
  const user = `${getuid()}:${getgid()}`;
  return {
    origin: `container ${image}`,
    commandLine({ dir, args }) {
      const container = `parley-${name}-${randomUUID().slice(0, 8)}`;
      return {
        command: "docker",
        args: [
          "run",
          "--rm",
          `--name=${container}`,
          // That the image is here was found out before; fetching it would outlast every patience.
          "--pull=never",
          "--network=host",
          `--user=${user}`,
          `--volume=${dir}:${dir}`,
          // Where SELinux rules, a container may otherwise not read a folder of the machine.
          "--security-opt=label=disable",
          // The images' own entry points change to a user of theirs when they are started by root.
          `--entrypoint=${name}`,
          image,
          ...args,
        ],
        container,
      };
    },
  };
}
