import { PROCESSES, type ProcessName } from "@parley/contract/processes";

import { allOrNone } from "./all-or-none.ts";
import type { ManagedProcess } from "./managed-process.ts";

/** How many of a process run, and what they are told beyond the site's own configuration. */
interface ProcessPlan {
  /** Default 1. */
  readonly replicas?: number;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Which processes run; those not named do not. */
export type ProcessPlans = Readonly<Partial<Record<ProcessName, ProcessPlan>>>;

/** One process to be started. */
export interface Replica {
  readonly service: ProcessName;
  /** `room-worker`; the second of its kind is `room-worker-2`. */
  readonly name: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** The processes of one site. */
export interface SiteProcesses {
  /** In the order they were started. */
  readonly running: readonly ManagedProcess[];
  /** Starts everything that is planned (default: one of each). Throws when one does not come up: none runs then. */
  startAll(plans?: ProcessPlans): Promise<void>;
  /** Starts one more; returns when it is ready. */
  start(service: ProcessName, environment?: NodeJS.ProcessEnv): Promise<ManagedProcess>;
  /** Throws when no process has this name. */
  named(name: string): ManagedProcess;
  stop(): Promise<void>;
}

export function createSiteProcesses(launch: (replica: Replica) => Promise<ManagedProcess>): SiteProcesses {
  const running: ManagedProcess[] = [];
  return {
    running,
    async startAll(plans = Object.fromEntries(PROCESSES.map((service) => [service, {}]))) {
      // Together: a process waits for the streams of another.
      running.push(...(await allOrNone(replicasOf(plans).map(launch))));
    },
    async start(service, environment = {}) {
      const started = await launch({ service, name: freeName(service, running), environment });
      running.push(started);
      return started;
    },
    named(name) {
      const found = running.find((candidate) => candidate.name === name);
      if (found === undefined) {
        throw new Error(
          `no process is named ${name}; there are ${running.map((one) => one.name).join(", ")}`,
        );
      }
      return found;
    },
    async stop() {
      await Promise.all(running.map((one) => one.stop()));
    },
  };
}

function replicasOf(plans: ProcessPlans): Replica[] {
  return PROCESSES.flatMap((service) => {
    const plan = plans[service];
    const count = plan === undefined ? 0 : (plan.replicas ?? 1);
    return Array.from({ length: count }, (_, index) => ({
      service,
      name: replicaName(service, index + 1),
      environment: plan?.environment ?? {},
    }));
  });
}

function freeName(service: ProcessName, taken: readonly ManagedProcess[]): string {
  const names = new Set(taken.map(({ name }) => name));
  let number = 1;
  while (names.has(replicaName(service, number))) {
    number += 1;
  }
  return replicaName(service, number);
}

function replicaName(service: ProcessName, number: number): string {
  return number === 1 ? service : `${service}-${number}`;
}
