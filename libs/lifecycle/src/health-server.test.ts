import { expect, test } from "vitest";

import { openHealthServer } from "./health-server.ts";

const address = { host: "127.0.0.1", port: 0 };
const readiness = { report: () => ({ ready: true, checks: {} }) };

async function ask(port: number, path: string, method = "GET") {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
}

test("lives while not ready, and lists each check whether ready or not", async () => {
  let ready = false;
  const report = () => ({
    ready,
    checks: { nats: { ok: ready, ...(ready ? {} : { detail: "connecting" }) } },
  });
  await using server = await openHealthServer({ address, readiness: { report } });
  expect(await ask(server.port, "/healthz")).toEqual({ status: 200, body: { ok: true } });
  expect(await ask(server.port, "/readyz")).toEqual({
    status: 503,
    body: { ready: false, checks: { nats: { ok: false, detail: "connecting" } } },
  });
  ready = true;
  expect(await ask(server.port, "/readyz?verbose")).toEqual({
    status: 200,
    body: { ready: true, checks: { nats: { ok: true } } },
  });
});

test("answers nothing else", async () => {
  await using server = await openHealthServer({ address, readiness });
  expect(await ask(server.port, "/")).toMatchObject({ status: 404 });
  expect(await ask(server.port, "/readyz", "POST")).toMatchObject({ status: 405 });
  expect(await ask(server.port, "/readyz", "HEAD")).toEqual({ status: 200, body: undefined });
});

test("says which address it could not listen on", async () => {
  await using server = await openHealthServer({ address, readiness });
  const second = openHealthServer({ address: { ...address, port: server.port }, readiness });
  await expect(second).rejects.toThrow(`listening on HEALTH_ADDR 127.0.0.1:${server.port}`);
});

test("is gone when it is closed, although a client keeps its connection", async () => {
  const server = await openHealthServer({ address, readiness });
  await ask(server.port, "/healthz");
  await server[Symbol.asyncDispose]();
  await expect(ask(server.port, "/healthz")).rejects.toThrow("fetch failed");
});
