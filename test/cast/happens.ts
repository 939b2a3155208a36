import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;

/** Whether `holds` says so within the time given (ms). */
export async function happens(holds: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > until) return false;
    await delay(POLL_MS);
  }
  return true;
}
