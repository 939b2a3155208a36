import type { ProcessName } from "@parley/contract/processes";
import { readConfig } from "@parley/lifecycle/parse-config";
import { runService, type ServiceConfig, type ServiceContext } from "@parley/lifecycle/service";
import type { LogLevel } from "@parley/contract/observe";
import { flushMetrics } from "@parley/telemetry/flush-metrics";
import { createLog } from "@parley/telemetry/json-log";
import type { z } from "zod";

interface ProcessConfig extends ServiceConfig {
  readonly siteId: string;
  readonly logLevel: LogLevel;
}

/**
 * Runs one process of a site from its configuration to its exit. Every fault of the configuration is named, and the
 * process ends with exit code 1, before any connection is opened.
 */
export async function runProcess<Schema extends z.ZodType<ProcessConfig>>(of: {
  readonly process: ProcessName;
  readonly config: Schema;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly open: (
    stack: AsyncDisposableStack,
    context: ServiceContext & { readonly config: z.output<Schema> },
  ) => Promise<void>;
}): Promise<void> {
  const config = readConfig(of.config, of.environment);
  await runService({
    name: of.process,
    config,
    log: createLog({ process: of.process, siteId: config.siteId, level: config.logLevel }),
    open: (stack, context) => of.open(stack, { ...context, config }),
    flush: flushMetrics,
  });
}
