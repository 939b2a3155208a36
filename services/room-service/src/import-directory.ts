import { readFile } from "node:fs/promises";

import { readConfig } from "@parley/lifecycle/parse-config";
import { connectMongo } from "@parley/mongo/connect-mongo";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import { ensureIndexes } from "@parley/mongo/ensure-indexes";
import { importDirectory } from "@parley/mongo/import-directory";
import type { DirectoryFault } from "@parley/mongo/parse-directory";

import { environment, importConfig } from "./config.ts";

// Imports a directory file into this site's store: all of it, or nothing and every fault by its line.

const FAULTS_SHOWN = 20;

function tell(faults: readonly DirectoryFault[]): never {
  const shown = faults.slice(0, FAULTS_SHOWN).map(({ line, problem }) => `  line ${line}: ${problem}\n`);
  const more = faults.length > FAULTS_SHOWN ? `  … and ${faults.length - FAULTS_SHOWN} more\n` : "";
  process.stderr.write(`The directory was not imported; nothing was written.\n${shown.join("")}${more}`);
  process.exit(1);
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write(
    "Name the directory file: node services/room-service/src/import-directory.ts FILE.jsonl\n",
  );
  process.exit(1);
}
const config = readConfig(importConfig, environment);
const text = await readFile(file, "utf8");
const mongo = await connectMongo({
  url: config.mongoUrl,
  database: config.mongoDb,
  appName: "import-directory",
});
try {
  await ensureIndexes(mongo.database);
  const outcome = await importDirectory(mongoDirectoryStore(mongo.database), text);
  if (outcome.status === "refused") tell(outcome.faults);
  process.stdout.write(`Imported ${outcome.entries} directory entries into site ${config.siteId}.\n`);
} finally {
  await mongo.close();
}
