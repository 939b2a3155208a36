import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { ROOT } from "../docs/root.ts";
import { deployedFiles } from "./deployed-files.ts";

// Brings the files of linked sites up to date: node test/deploy/generate.ts

for (const { path, text } of deployedFiles()) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
  process.stdout.write(`${path}\n`);
}
