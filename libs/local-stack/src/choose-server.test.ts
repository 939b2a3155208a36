import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { createFakeDocker, LOCAL_ENGINE, type FakeDockerOrder } from "../test/fake-docker.ts";
import { natsServer } from "./choose-server.ts";
import { serverImage } from "./server-images.ts";

const image = serverImage("NATS_IMAGE");

let dir: string;
let cleanup: DisposableStack;
beforeEach(() => {
  cleanup = new DisposableStack();
  dir = mkdtempSync(join(tmpdir(), "choose-server-"));
  cleanup.defer(() => rmSync(dir, { recursive: true }));
  // Docker is asked once per process; each test is a new one.
  vi.resetModules();
  vi.stubEnv("PATH", join(dir, "path"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  cleanup.dispose();
});

function program(folder: string): string {
  mkdirSync(join(dir, folder), { recursive: true });
  const path = join(dir, folder, natsServer.name);
  writeFileSync(path, '#!/bin/sh\necho "nats-server: v2.15.1"\n', { mode: 0o755 });
  return path;
}

function dockerOnPath(of: Partial<FakeDockerOrder> = { images: [image] }) {
  const docker = cleanup.use(createFakeDocker(of));
  vi.stubEnv("PATH", [join(dir, "path"), docker.folder].join(delimiter));
  return docker;
}

async function chosen(environment: Record<string, string> = {}): Promise<string | undefined> {
  const { findServer } = await import("./choose-server.ts");
  const places = { environment: { ...process.env, ...environment }, provisioned: join(dir, "provisioned") };
  return (await findServer(natsServer, places))?.origin;
}

describe("a server is", () => {
  test("the program that the environment names, before any other", async () => {
    const docker = dockerOnPath();
    program("path");
    const named = program("named");

    expect(await chosen({ PARLEY_NATS_SERVER: named })).toBe(named);
    expect(docker.calls()).toEqual([]);
  });

  test("the program on PATH before a container", async () => {
    const docker = dockerOnPath();
    const onPath = program("path");
    program("provisioned");

    expect(await chosen()).toBe(onPath);
    expect(docker.calls()).toEqual([]);
  });

  test("a container before the provisioned program, wherever PATH has that", async () => {
    dockerOnPath();
    program("provisioned");
    const PATH = [join(dir, "provisioned"), process.env["PATH"]].join(delimiter);

    expect(await chosen({ PATH })).toBe(`container ${image}`);
  });

  test("the provisioned program when there is no Docker", async () => {
    expect(await chosen()).toBeUndefined();

    const provisioned = program("provisioned");

    expect(await chosen()).toBe(provisioned);
  });
});

describe("Docker is left out", () => {
  test.each([
    ["has not the image", { images: [] }],
    ["is that of another machine", { images: [image], info: LOCAL_ENGINE.replace(/^\S+/, "elsewhere") }],
    ["has users of its own", { images: [image], info: LOCAL_ENGINE.replace("]", " name=userns]") }],
    ["has a network of its own", { images: [image], info: LOCAL_ENGINE.replace("]", " name=rootless]") }],
    ["is not there", { images: [image], info: "" }],
  ])("when its engine %s", async (_, order) => {
    dockerOnPath(order);
    const provisioned = program("provisioned");

    expect(await chosen()).toBe(provisioned);
  });
});

test("the engine is asked once, whatever is looked for", async () => {
  const docker = dockerOnPath();
  const { findServer, valkeyServer } = await import("./choose-server.ts");

  const places = { provisioned: join(dir, "provisioned") };

  await Promise.all([natsServer, valkeyServer, natsServer].map((server) => findServer(server, places)));

  expect(docker.calls().filter(([verb]) => verb === "info")).toHaveLength(1);
});

test("a server that is missing is named together with every way to get it", async () => {
  const { requireServer } = await import("./choose-server.ts");
  const nowhere = { provisioned: join(dir, "provisioned") };

  await expect(requireServer(natsServer, nowhere)).rejects.toThrow(
    /nats-server 2\.14 or newer was not found.*make bootstrap.*PATH.*PARLEY_NATS_SERVER.*Docker.*nats:\d/s,
  );
});
