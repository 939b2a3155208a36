import { freePort } from "./free-port.ts";

const ATTEMPTS_MAX = 5;

/**
 * Runs a start with as many free ports as it takes, again with others when somebody took one between the
 * choice and the start.
 *
 * @throws what the start throws for any other reason, or at the fifth collision
 */
export async function withFreePorts<T>(count: number, start: (ports: number[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const ports: number[] = [];
    while (ports.length < count) {
      ports.push(await freePort());
    }
    try {
      return await start(ports);
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !isCollision(error)) {
        throw error;
      }
    }
  }
}

function isCollision(error: unknown): boolean {
  return error instanceof Error && /address already in use|EADDRINUSE/i.test(error.message);
}
