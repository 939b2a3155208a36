import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expectedDocuments } from "./documents.ts";
import { ROOT } from "./root.ts";

// Brings every generated document and block up to date: node test/docs/generate.ts

for (const { path, text } of await expectedDocuments()) {
  writeFileSync(join(ROOT, path), text);
  process.stdout.write(`${path}\n`);
}
