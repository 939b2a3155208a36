import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";

import type { Readiness } from "./readiness.ts";

const CONNECTIONS_MAX = 100;
const REQUEST_TIMEOUT_MS = 5000;

/** Where the health endpoints listen; without a host, on every interface. Port 0 takes a free one. */
export interface HealthAddress {
  readonly host?: string;
  readonly port: number;
}

export interface HealthServer extends AsyncDisposable {
  /** The port it really listens on. */
  readonly port: number;
}

/**
 * Serves `/healthz` (200 while the event loop turns) and `/readyz` (200 only if every check passes, else 503; the body
 * lists each check).
 *
 * @throws when the address cannot be listened on
 */
export async function openHealthServer(of: {
  readonly address: HealthAddress;
  readonly readiness: Pick<Readiness, "report">;
}): Promise<HealthServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD")
      return answer(response, 405, { error: "GET only" });
    return answerPath(request.url, { response, readiness: of.readiness });
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, of.address);
  const listening = server.address();
  assert(listening !== null && typeof listening === "object", "a server on a port knows its address");
  return {
    port: listening.port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, { host, port }: HealthAddress): Promise<void> {
  server.listen({ port, ...(host === undefined ? {} : { host }) });
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new Error(`listening on HEALTH_ADDR ${host ?? ""}:${port}`, { cause });
  }
}

function answerPath(
  url: string | undefined,
  { response, readiness }: { response: ServerResponse; readiness: Pick<Readiness, "report"> },
): void {
  const path = url?.split("?")[0];
  if (path === "/healthz") return answer(response, 200, { ok: true });
  if (path !== "/readyz") return answer(response, 404, { error: "there are /healthz and /readyz" });
  const report = readiness.report();
  return answer(response, report.ready ? 200 : 503, report);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
