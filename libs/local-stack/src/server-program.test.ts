import { expect, test } from "vitest";

import { inCheckout } from "./checkout.ts";
import { containerProgram, fileProgram } from "./server-program.ts";

test("a container has this machine's network, this user and one folder, and gets the arguments of the program", () => {
  const program = containerProgram({ name: "mongod", image: "mongo:8.0.12" });

  const { command, args, container } = program.commandLine({
    dir: "/data/mongo",
    args: ["--port", "1234"],
  });

  expect(program.origin).toBe("container mongo:8.0.12");
  expect(container).toMatch(/^parley-mongod-[0-9a-f]{8}$/);
  expect([command, ...args].join(" ")).toBe(
    `docker run --rm --name=${container} --pull=never --network=host ` +
      `--user=${process.getuid?.()}:${process.getgid?.()} --volume=/data/mongo:/data/mongo ` +
      "--security-opt=label=disable --entrypoint=mongod mongo:8.0.12 --port 1234",
  );
});

test("two containers of one image have names of their own", () => {
  const program = containerProgram({ name: "nats-server", image: "nats:2.15.1" });
  const run = { dir: "/data", args: [] };

  expect(program.commandLine(run).container).not.toBe(program.commandLine(run).container);
});

test("a program of this machine is run as it is, and shown by its place in the checkout", () => {
  const path = inCheckout(".local/bin/nats-server");

  expect(fileProgram(path).origin).toBe(".local/bin/nats-server");
  expect(fileProgram("/usr/bin/nats-server").origin).toBe("/usr/bin/nats-server");
  expect(fileProgram(path).commandLine({ dir: "/data", args: ["--config", "x"] })).toEqual({
    command: path,
    args: ["--config", "x"],
  });
});
