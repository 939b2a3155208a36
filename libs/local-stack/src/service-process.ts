import type { ProcessName } from "@parley/contract/processes";

import { inCheckout } from "./checkout.ts";
import { startProcess, type ManagedProcess, type RunOptions } from "./managed-process.ts";
import { isServing } from "./probe.ts";
import { withFreePorts } from "./with-free-ports.ts";

const READY_TIMEOUT_MS = 30_000;

/** Compiled sources, kept between starts: half the time to start, and 27 MB less for a compiler that is never loaded. */
const COMPILE_CACHE = ".local/compile-cache";

/** Variables of the starter that its processes inherit; every other is set by the site or absent. */
const INHERITED = /^(?:PATH|HOME|TMPDIR|TZ|LOG_LEVEL|NODE_.*|OTEL_.*)$/;

interface ServiceProcessOptions extends RunOptions {
  readonly process: ProcessName;
  /** Tells replicas of a process apart. */
  readonly name: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: string;
}

/**
 * Starts a process of a site and returns when its `/readyz` answers 200.
 *
 * @throws when it ends or is not ready within 30 s, with the tail of its log
 */
export async function startServiceProcess(options: ServiceProcessOptions): Promise<ManagedProcess> {
  const { process: service, name, environment, log, ledger, signal } = options;
  return withFreePorts(1, async ([port = 0]) => {
    const probe = `http://127.0.0.1:${port}/readyz`;
    return startProcess({
      name,
      command: process.execPath,
      args: [
        "--import",
        inCheckout("libs/telemetry/src/preload.ts"),
        inCheckout("services", service, "src/main.ts"),
      ],
      env: {
        NODE_COMPILE_CACHE: inCheckout(COMPILE_CACHE),
        ...inheritedEnvironment(),
        ...environment,
        HEALTH_ADDR: `127.0.0.1:${port}`,
      },
      log,
      ledger,
      signal,
      probe,
      isReady: () => isServing(probe),
      readyTimeoutMs: READY_TIMEOUT_MS,
    });
  });
}

/** The part of this process's environment that a process of a site may see. */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.test(name)));
}
