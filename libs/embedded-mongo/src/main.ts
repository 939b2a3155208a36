import { parseArgs } from "node:util";

import { startEmbeddedMongo } from "./server.ts";

const USAGE =
  "usage: node main.ts --dir DIRECTORY [--port PORT] [--host ADDRESS] [--ttl-interval-ms MILLISECONDS]";

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function wholeNumber(name: string, text: string, greatest: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > greatest)
    fail(`--${name} must be a whole number up to ${greatest}, not ${text}\n${USAGE}`);
  return value;
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: "string", default: "0" },
        dir: { type: "string" },
        host: { type: "string", default: "127.0.0.1" },
        "ttl-interval-ms": { type: "string", default: "60000" },
      },
    });
    if (values.dir === undefined) return fail(`--dir is missing\n${USAGE}`);
    return {
      dir: values.dir,
      host: values.host,
      port: wholeNumber("port", values.port, 65_535),
      ttlIntervalMs: wholeNumber("ttl-interval-ms", values["ttl-interval-ms"], 2_147_483_647),
    };
  } catch (error) {
    return fail(`${String(error)}\n${USAGE}`);
  }
}

const options = readArguments();
print("embedded MongoDB stand-in for demo and tests: this is not MongoDB, never use it in production");
const server = await startEmbeddedMongo({
  ...options,
  onFailure: (cause) => fail(`the data can no longer be written, stopping: ${String(cause.cause)}`),
}).catch((error: unknown) => fail(`cannot start: ${String(error)}`));
if (server.loaded.tornBytes > 0) {
  print(`cut off ${server.loaded.tornBytes} bytes of a write that was not finished and never acknowledged`);
}
print(`ready on port ${server.port}`);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(`closing failed: ${String(error)}`),
    );
  });
}
