import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect, test } from "vitest";

const PRELOAD = join(import.meta.dirname, "preload.ts");

/** Runs before the preload and notes what is loaded from then on. */
const WATCHING = `
  import { registerHooks } from "node:module";
  globalThis.loaded = [];
  registerHooks({
    load(url, context, nextLoad) {
      globalThis.loaded.push(url);
      return nextLoad(url, context);
    },
  });
`;

const PROGRAM = `
  const sdkLoaded = globalThis.loaded.some((url) => url.includes("sdk-metrics"));
  const preloaded = globalThis.loaded.some((url) => url.endsWith("/preload.ts"));
  const { metrics } = await import("@opentelemetry/api");
  const provider = metrics.getMeterProvider();
  console.log(JSON.stringify({ preloaded, sdkLoaded, exporting: "forceFlush" in provider }));
  provider.getMeter("test").createCounter("counted").add(1);
  await provider.forceFlush?.();
`;

/** What a process with these settings finds in its own first line, and what it writes to standard error. */
async function runPreloaded(settings: NodeJS.ProcessEnv) {
  const watching = `data:text/javascript,${encodeURIComponent(WATCHING)}`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ["--import", watching, "--import", PRELOAD, "--input-type=module", "--eval", PROGRAM],
    { cwd: import.meta.dirname, env: settings },
  );
  return { found: JSON.parse(stdout) as Record<string, boolean>, stderr };
}

test.each([{}, { OTEL_METRICS_EXPORTER: "none" }, { OTEL_METRICS_EXPORTER: "otlp" }])(
  "a process that exports no metrics never loads the SDK: %j",
  async (settings) => {
    const { found } = await runPreloaded(settings);
    expect(found).toEqual({ preloaded: true, sdkLoaded: false, exporting: false });
  },
);

test("the SDK stands before a process asks for its first meter", async () => {
  const { found, stderr } = await runPreloaded({ OTEL_METRICS_EXPORTER: "console" });
  expect(found).toEqual({ preloaded: true, sdkLoaded: true, exporting: true });
  expect(JSON.parse(stderr)).toMatchObject({ metric: "counted", points: [{ value: 1 }] });
});
