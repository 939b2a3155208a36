/**
 * Exit codes of every process. `stopped`: a signal was obeyed and everything closed in time. `failed`: a fault of the
 * configuration, of start-up or of running, or a shutdown that was cut short; the log says which.
 */
export const EXIT = { stopped: 0, failed: 1 } as const;
