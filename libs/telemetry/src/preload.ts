import { telemetryEnvironment } from "./config.ts";
import { startMetrics } from "./start-metrics.ts";

// Loaded with `node --import`, so that the SDK stands before anything asks for a meter.
await startMetrics({ ...telemetryEnvironment, stderr: process.stderr });
