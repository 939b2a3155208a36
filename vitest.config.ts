import { defineConfig } from "vitest/config";

const everywhere = ["libs/**", "services/**", "test/**"];
const named = (suffix: string) => everywhere.map((root) => `${root}/*${suffix}`);

/** Real servers, started once per run by the setup file and shared under names of their own. */
const servers = "./test/setup/servers.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // A busy machine is no fault: what hangs is found all the same.
          testTimeout: 60_000,
          include: named(".test.ts"),
          exclude: ["**/node_modules/**", ...named(".int.test.ts"), ...named(".system.test.ts")],
        },
      },
      {
        test: {
          name: "integration",
          include: named(".int.test.ts"),
          exclude: ["**/node_modules/**"],
          globalSetup: [servers],
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "system",
          include: named(".system.test.ts"),
          exclude: ["**/node_modules/**"],
          // Each system test runs a stack of its own; two cores carry one at a time.
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
