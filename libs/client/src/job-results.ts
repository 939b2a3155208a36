import type { JobResult } from "@parley/contract/room-requests";
import { createBoundedCache } from "@parley/room-crypto/bounded-cache";

import { createBoundedSet } from "./bounded-set.ts";

/** Outcomes and ids that are remembered; results this old are not repeated by any worker. */
const RESULTS_MAX = 10_000;

/** A request whose result is awaited, and the one site that may tell it. */
interface ExpectedJob {
  readonly requestId: string;
  /** The room's home site. */
  readonly siteId: string;
}

/** Job results by request id, each reported once however often it is published. */
export interface JobResults {
  /** A result as it arrived; one that comes before its reply is kept until its room's site is known. */
  receive(fromSite: string, result: JobResult): void;
  /** Resolves with the result of that request from that site; `stop` forgets a waiter that gave up. */
  expect(job: ExpectedJob): { readonly result: Promise<JobResult>; stop(): void };
}

interface JobResultsDeps {
  /** The home site of a known room. */
  readonly siteOf: (roomId: string) => string | undefined;
  /** Told once per request. */
  readonly onResult: (siteId: string, result: JobResult) => void;
}

const nameOf = ({ requestId, siteId }: ExpectedJob): string => `${siteId}:${requestId}`;

/** Takes a result only from the room's home site (SPEC-rooms 1.1, "who speaks"). */
export function createJobResults({ siteOf, onResult }: JobResultsDeps): JobResults {
  const arrived = createBoundedCache<JobResult>(RESULTS_MAX);
  const reported = createBoundedSet(RESULTS_MAX);
  const waiters = new Map<string, Set<(result: JobResult) => void>>();

  const report = (siteId: string, result: JobResult): void => {
    if (reported.add(nameOf({ requestId: result.requestId, siteId }))) onResult(siteId, result);
  };

  return {
    receive(fromSite, result) {
      const name = nameOf({ requestId: result.requestId, siteId: fromSite });
      if (arrived.get(name) !== undefined) return;
      const waiting = waiters.get(name);
      const site = siteOf(result.roomId);
      if (site !== undefined && site !== fromSite) return;
      arrived.set(name, result);
      if (site === fromSite || waiting !== undefined) report(fromSite, result);
      waiters.delete(name);
      for (const resolve of waiting ?? []) resolve(result);
    },
    expect(job) {
      const name = nameOf(job);
      const held = arrived.get(name);
      if (held !== undefined) {
        report(job.siteId, held);
        return { result: Promise.resolve(held), stop: () => undefined };
      }
      const { promise, resolve } = Promise.withResolvers<JobResult>();
      const waiting = waiters.get(name) ?? new Set();
      waiters.set(name, waiting.add(resolve));
      const stop = (): void => {
        waiting.delete(resolve);
        if (waiting.size === 0 && waiters.get(name) === waiting) waiters.delete(name);
      };
      return { result: promise, stop };
    },
  };
}
