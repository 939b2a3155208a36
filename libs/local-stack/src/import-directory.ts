import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { inCheckout } from "./checkout.ts";
import { inheritedEnvironment } from "./service-process.ts";

const IMPORT_TIMEOUT_MS = 60_000;

/**
 * Imports a directory file into a site's MongoDB with room-service's own command, which also has the accounts it disables
 * taken out of their rooms. Answers what it printed.
 *
 * @throws when the import refuses the file, with what it printed
 */
export async function importDirectory(of: {
  readonly file: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}): Promise<string> {
  const command = inCheckout("services/room-service/src/import-directory.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [command, of.file], {
    env: { ...inheritedEnvironment(), ...of.environment },
    timeout: IMPORT_TIMEOUT_MS,
    ...(of.signal === undefined ? {} : { signal: of.signal }),
  });
  return stdout;
}
