import { execFile } from "node:child_process";
import { hostname } from "node:os";
import { promisify } from "node:util";

const INFO_TIMEOUT_MS = 2_000;
const COMMAND_TIMEOUT_MS = 15_000;

/** What the engine says of a container that has ended, or was never made. */
const IS_GONE = /no such container|is not running|removal of container \S+ is already in progress/i;

const run = promisify(execFile);
let engine: Promise<boolean> | undefined;

/**
 * Whether an engine has this image ready to run, so that nothing needs to be fetched. No Docker, or an engine that
 * cannot serve here, is an answer and no error.
 */
export async function hasImage(image: string): Promise<boolean> {
  engine ??= askEngine();
  return (await engine) && succeeds(docker(["image", "inspect", "--format", "{{.Id}}", image]));
}

/**
 * Whether an engine answers whose containers can share this machine's network, files and users: on Linux, on this
 * very machine (a remote engine, one in a virtual machine and one outside the container we are in have another name),
 * without user namespaces of its own. `deploy/local/docker.sh` decides the same for the bootstrap.
 */
async function askEngine(): Promise<boolean> {
  if (process.platform !== "linux") {
    return false;
  }
  const question = docker(["info", "--format", "{{.Name}} {{.SecurityOptions}}"], INFO_TIMEOUT_MS);
  // A missing program, an engine that is not there and one that is too slow come to the same.
  const answer = await question.catch(() => "");
  return answer.startsWith(`${hostname()} `) && !/name=(?:rootless|userns)/.test(answer);
}

/** The pid, on this machine, of the program that a container runs; `undefined` while there is none. */
export async function containerPid(name: string): Promise<number | undefined> {
  const question = docker(["container", "inspect", "--format", "{{.State.Pid}}", name]);
  const pid = Number(await unlessGone(question));
  return pid > 0 ? pid : undefined;
}

/** Sends a signal to the program of a container. Nothing to do when it is gone. */
export async function signalContainer(name: string, signal: NodeJS.Signals): Promise<void> {
  await unlessGone(docker(["kill", `--signal=${signal}`, name]));
}

/** Ends a container, in whatever state it is. Nothing to do when it is gone. */
export async function removeContainer(name: string): Promise<void> {
  await unlessGone(docker(["rm", "--force", name]));
}

async function docker(args: readonly string[], timeoutMs = COMMAND_TIMEOUT_MS): Promise<string> {
  const { stdout } = await run("docker", args, { timeout: timeoutMs });
  return stdout.trim();
}

async function succeeds(question: Promise<unknown>): Promise<boolean> {
  return question.then(
    () => true,
    () => false,
  );
}

async function unlessGone(command: Promise<string>): Promise<string | undefined> {
  return command.catch((error: unknown) => {
    if (error instanceof Error && IS_GONE.test(error.message)) {
      return undefined;
    }
    throw error;
  });
}
