import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { recordingLog } from "./recording-log.memory.ts";
import { runService, type Service } from "./service.ts";

/** A process that notes its exit. */
class NotedHost extends EventEmitter {
  readonly exited = Promise.withResolvers<number>();
  exit(code: number): void {
    this.exited.resolve(code);
  }
}

function start(open: Service["open"], changes: Partial<Service> & { startupTimeoutMs?: number } = {}) {
  const host = new NotedHost();
  const log = recordingLog();
  const { startupTimeoutMs = 10_000, ...rest } = changes;
  const healthAddress = { host: "127.0.0.1", port: 0 };
  const config = { startupTimeoutMs, shutdownTimeoutMs: 10_000, healthAddress, ...rest.config };
  const done = runService({ name: "test", log, open, host, ...rest, config });
  onTestFinished(() => void host.emit("SIGTERM", "SIGTERM"));
  return { host, log, done };
}

/** Something that notes when it is closed. */
const closing = (name: string, order: string[]): AsyncDisposable => ({
  [Symbol.asyncDispose]: async () => void order.push(name),
});

// R98
test("on a signal: not ready, stopping, then everything in reverse of its opening, telemetry last, exit 0", async () => {
  const order: string[] = [];
  const opened = Promise.withResolvers<void>();
  const { host, log, done } = start(
    async (stack, { readiness, stopping }) => {
      stack.use(closing("stores", order));
      stack.use(closing("connection", order));
      stack.use(closing("work in hand", order));
      stopping.addEventListener("abort", () => {
        const { ready, checks } = readiness.report();
        order.push(`stopping, ready ${ready}, ${checks["service"]?.detail}`);
      });
      opened.resolve();
    },
    { flush: async () => void order.push("telemetry") },
  );
  await opened.promise;
  await new Promise(setImmediate);
  host.emit("SIGTERM", "SIGTERM");
  expect(await host.exited.promise).toBe(0);
  await done;
  expect(order).toEqual([
    "stopping, ready false, shutting_down",
    "work in hand",
    "connection",
    "stores",
    "telemetry",
  ]);
  expect(log.events).toEqual(["starting", "ready", "stopping", "stopped"]);
  expect(host.eventNames()).toEqual([]);
});

test("is ready only once it has opened", async () => {
  const reports: boolean[] = [];
  const { host } = start(async (_stack, { readiness }) => {
    reports.push(readiness.report().ready);
    setImmediate(() => {
      reports.push(readiness.report().ready);
      host.emit("SIGINT", "SIGINT");
    });
  });
  expect(await host.exited.promise).toBe(0);
  expect(reports).toEqual([false, true]);
});

test("closes what it had opened and exits with 1 when start-up fails for good", async () => {
  const order: string[] = [];
  const { host, log } = start(async (stack) => {
    stack.use(closing("stores", order));
    throw new Error("nats-server is too old");
  });
  expect(await host.exited.promise).toBe(1);
  expect(order).toEqual(["stores"]);
  expect(log.events).toEqual(["starting", "startup_failed", "stopped"]);
  expect(log.causes[1]).toMatchObject({ message: "nats-server is too old" });
});

test("retries a step until the time for start-up is over, then names the last failure", async () => {
  const { host, log } = start(
    async (_stack, { retry }) =>
      retry({ what: "mongo", attempt: () => Promise.reject(new Error("connection refused")) }),
    { startupTimeoutMs: 50 },
  );
  expect(await host.exited.promise).toBe(1);
  expect(log.events).toEqual(["starting", "startup_step_failed", "startup_timed_out", "stopped"]);
  expect(log.causes[2]).toMatchObject({ message: "connection refused" });
});

test("starts although a dependency comes late", async () => {
  let attempts = 0;
  const { host, log } = start(async (_stack, { retry }) => {
    await retry({
      what: "valkey",
      attempt: async () => {
        attempts += 1;
        if (attempts === 1) throw new Error("connection refused");
      },
    });
    setImmediate(() => host.emit("SIGTERM", "SIGTERM"));
  });
  expect(await host.exited.promise).toBe(0);
  expect(log.events).toEqual(["starting", "startup_step_failed", "ready", "stopping", "stopped"]);
});

test("obeys a signal that comes during start-up", async () => {
  const order: string[] = [];
  const { host } = start(async (stack, { retry }) => {
    stack.use(closing("stores", order));
    setImmediate(() => host.emit("SIGTERM", "SIGTERM"));
    await retry({ what: "nats", attempt: () => new Promise(() => {}) });
  });
  expect(await host.exited.promise).toBe(0);
  expect(order).toEqual(["stores"]);
});

test("closes also what start-up was still opening when the signal came", async () => {
  const order: string[] = [];
  const { host, log } = start(async (stack) => {
    host.emit("SIGTERM", "SIGTERM");
    await new Promise(setImmediate);
    stack.use(closing("late connection", order));
  });
  expect(await host.exited.promise).toBe(0);
  expect(order).toEqual(["late connection"]);
  expect(log.events).toEqual(["starting", "stopping", "stopped"]);
});

test("stops in good order, but with 1, when something it cannot run without has ended", async () => {
  const order: string[] = [];
  const { host, log } = start(async (stack, { fail }) => {
    stack.use(closing("stores", order));
    setImmediate(() => fail("consumer_loop_ended", new Error("gone")));
  });
  expect(await host.exited.promise).toBe(1);
  expect(order).toEqual(["stores"]);
  expect(log.events).toEqual(["starting", "ready", "consumer_loop_ended", "stopped"]);
});

test("cuts a shutdown short that takes too long, still flushes telemetry, and exits with 1", async () => {
  const flushed: string[] = [];
  const config = {
    startupTimeoutMs: 10_000,
    shutdownTimeoutMs: 20,
    healthAddress: { host: "127.0.0.1", port: 0 },
  };
  const { host, log } = start(
    async (stack) => {
      stack.defer(() => new Promise(() => {}));
      setImmediate(() => host.emit("SIGTERM", "SIGTERM"));
    },
    { config, flush: async () => void flushed.push("flushed") },
  );
  expect(await host.exited.promise).toBe(1);
  expect(flushed).toEqual(["flushed"]);
  expect(log.events).toContain("shutdown_timed_out");
});

test("tells what could not be closed, closes the rest and exits with 1", async () => {
  const order: string[] = [];
  const { host, log } = start(async (stack) => {
    stack.use(closing("stores", order));
    stack.defer(() => Promise.reject(new Error("drain failed")));
    setImmediate(() => host.emit("SIGTERM", "SIGTERM"));
  });
  expect(await host.exited.promise).toBe(1);
  expect(order).toEqual(["stores"]);
  expect(log.events).toContain("shutdown_failed");
});

test("exits at once on a second signal", async () => {
  const { host, log } = start(async (stack) => {
    stack.defer(() => new Promise(() => {}));
    setImmediate(() => {
      host.emit("SIGTERM", "SIGTERM");
      setImmediate(() => host.emit("SIGINT", "SIGINT"));
    });
  });
  expect(await host.exited.promise).toBe(1);
  expect(log.events).toEqual(["starting", "ready", "stopping", "stopped_at_once"]);
});

test.each([
  ["uncaughtException", "uncaught_exception"],
  ["unhandledRejection", "unhandled_rejection"],
])("logs an %s once and exits with 1 without closing anything", async (event, logged) => {
  const order: string[] = [];
  const { host, log } = start(async (stack) => {
    stack.use(closing("stores", order));
    setImmediate(() => {
      host.emit(event, new Error("bug"));
      host.emit(event, new Error("bug"));
    });
  });
  expect(await host.exited.promise).toBe(1);
  expect(log.events).toEqual(["starting", "ready", logged]);
  expect(order).toEqual([]);
});

test("does not open anything when its health address is taken", async () => {
  const taken = createServer();
  onTestFinished(() => void taken.close());
  await once(taken.listen(0, "127.0.0.1"), "listening");
  const { port } = taken.address() as AddressInfo;
  const config = {
    startupTimeoutMs: 10_000,
    shutdownTimeoutMs: 10_000,
    healthAddress: { host: "127.0.0.1", port },
  };
  let opened = false;
  const { host, log } = start(async () => void (opened = true), { config });
  expect(await host.exited.promise).toBe(1);
  expect(opened).toBe(false);
  expect(log.events).toEqual(["starting", "startup_failed", "stopped"]);
});

/** A whole process: what it says on both outputs and its exit code. It is sent the signal `ready` once it says that it is. */
async function runProcess(of: { env: Record<string, string>; open: string; ready?: NodeJS.Signals }) {
  const program = `
    import { z } from "zod";
    import { configFields } from "./config-fields.ts";
    import { readConfig } from "./parse-config.ts";
    import { runService } from "./service.ts";
    const { siteId, startupTimeoutMs, shutdownTimeoutMs, healthAddress } = configFields;
    const config = readConfig(z.object({ siteId, startupTimeoutMs, shutdownTimeoutMs, healthAddress }), process.env);
    const say = (event) => process.stdout.write(event + "\\n");
    const log = { debug: say, info: say, warn: say, error: say };
    await runService({ name: "test", config, log, open: async (stack) => { ${of.open} } });
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: import.meta.dirname,
    env: { ...of.env, HEALTH_ADDR: "127.0.0.1:0" },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = { stdout: "", stderr: "" };
  child.stderr.on("data", (data) => (said.stderr += String(data)));
  child.stdout.on("data", (data) => {
    said.stdout += String(data);
    if (of.ready !== undefined && said.stdout.endsWith("ready\n")) child.kill(of.ready);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stderr: said.stderr, events: said.stdout.trim().split("\n") };
}

test("as a process: obeys SIGTERM and exits with 0", async () => {
  const open = `stack.defer(async () => say("closed")); setInterval(() => {}, 60_000);`;
  const { code, events } = await runProcess({ env: { SITE_ID: "site-a" }, open, ready: "SIGTERM" });
  expect(events).toEqual(["starting", "ready", "stopping", "closed", "stopped"]);
  expect(code).toBe(0);
});

test("as a process: ends with 1 on a promise that nobody awaits, and on a wrong configuration", async () => {
  const open = `setImmediate(() => void Promise.reject(new Error("forgotten")));`;
  const crashed = await runProcess({ env: { SITE_ID: "site-a" }, open });
  expect(crashed).toMatchObject({ code: 1, events: ["starting", "ready", "unhandled_rejection"] });
  const misconfigured = await runProcess({ env: { SITE_ID: "_" }, open });
  expect(misconfigured).toMatchObject({
    code: 1,
    events: [""],
    stderr: expect.stringContaining("SITE_ID must be"),
  });
});
