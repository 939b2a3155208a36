import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { FakeDockerOrder } from "./fake-docker.ts";

/**
 * Stands in for Docker's client: what it "runs in a container" is a program of this machine. As with the real one its
 * own pid is not the server's, it ends when the server does, and a container whose name is taken is refused.
 */

const [, , orderText = "", verb = "", ...args] = process.argv;
const order: FakeDockerOrder = JSON.parse(orderText);
appendFileSync(join(order.dir, "calls.jsonl"), `${JSON.stringify([verb, ...args])}\n`);

const VERBS: Readonly<Record<string, () => Promise<void> | void>> = {
  info: () => say(order.info),
  image: () => (order.images.includes(args.at(-1) ?? "") ? say("sha256:1") : fail("Error: No such image")),
  run: runContainer,
  container: () => say(readFileSync(pidFile(existing(args.at(-1))), "utf8")),
  kill: () => {
    const signal = args[0]?.replace("--signal=", "");
    process.kill(Number(readFileSync(pidFile(existing(args.at(-1))), "utf8")), signal);
  },
};
const answer = VERBS[verb];
await (answer === undefined ? fail(`unknown command ${verb}`) : answer());

async function runContainer(): Promise<void> {
  const name = valueOf("--name");
  if (existsSync(pidFile(name))) {
    fail(`Conflict. The container name "/${name}" is already in use`);
  }
  const program = order.programs[valueOf("--entrypoint")];
  const image = args.findIndex((argument) => order.images.includes(argument));
  if (program === undefined || image === -1) {
    return fail("Unable to find the image or its program");
  }
  const server = spawn(program, args.slice(image + 1), {
    stdio: "inherit",
    env: { ...process.env, PATH: order.path },
  });
  writeFileSync(pidFile(name), String(server.pid));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => server.kill(signal));
  }
  const [code] = await once(server, "exit");
  rmSync(pidFile(name));
  process.exitCode = code ?? 137;
}

function existing(name = ""): string {
  return existsSync(pidFile(name)) ? name : fail(`Error response from daemon: No such container: ${name}`);
}

function pidFile(name: string): string {
  return join(order.dir, `${name}.pid`);
}

function valueOf(option: string): string {
  const given = args.find((argument) => argument.startsWith(`${option}=`));
  return given?.slice(option.length + 1) ?? "";
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
