import { rmSync } from "node:fs";
import { parseArgs } from "node:util";

import { print } from "./print.ts";
import { stackFolder } from "./stack-folder.ts";
import { stopRecorded } from "./stop-recorded.ts";

/** `make down`: ends the stack that `make up` started; data and logs stay until the next `make up`. */

const { values } = parseArgs({ options: { root: { type: "string" } } });
const { stackFile, ledgerFile } = stackFolder(values.root);

const ended = await stopRecorded(ledgerFile);
rmSync(stackFile, { force: true });
rmSync(ledgerFile, { force: true });
for (const { site, name, pid } of ended) {
  print(`${site}: ended ${name} (pid ${pid})`);
}
print(
  ended.length === 0 ? "down: no stack was running" : `down: ${ended.length} ended, nothing is left running`,
);
