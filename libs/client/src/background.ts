import { closedError } from "./parley-error.ts";

/** Something went on in the background and did not go well; nothing waits for it. */
export interface Problem {
  /** What the client was doing. */
  readonly doing: string;
  readonly error: unknown;
}

/** Work nobody awaits, ended together when the client closes. */
export interface Background {
  /** Aborted when the client closes. */
  readonly signal: AbortSignal;
  /** Runs `work`; a failure is reported, unless the client was closed meanwhile. */
  start(doing: string, work: () => Promise<void>): void;
  report(doing: string, error: unknown): void;
  /** Ends all work and waits for it. */
  close(): Promise<void>;
}

export function createBackground(onProblem: (problem: Problem) => void): Background {
  const controller = new AbortController();
  const running = new Set<Promise<void>>();
  const report = (doing: string, error: unknown): void => {
    if (!controller.signal.aborted) onProblem({ doing, error });
  };
  return {
    signal: controller.signal,
    report,
    start(doing, work) {
      const done = work()
        .catch((error: unknown) => report(doing, error))
        .finally(() => running.delete(done));
      running.add(done);
    },
    async close() {
      controller.abort(closedError());
      await Promise.all(running);
    },
  };
}
