import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { serviceInboxPrefix } from "@parley/contract/headers";
import { readConfig } from "@parley/lifecycle/parse-config";
import { connectNats } from "@parley/messaging/connect-nats";
import { accountsInRooms } from "@parley/mongo/accounts-in-rooms";
import { connectMongo, type MongoConnection } from "@parley/mongo/connect-mongo";
import { mongoDirectoryStore } from "@parley/mongo/directory-store.mongo";
import type { ImportOutcome } from "@parley/mongo/directory-store";
import { ensureIndexes } from "@parley/mongo/ensure-indexes";
import { importDirectory } from "@parley/mongo/import-directory";
import type { DirectoryFault } from "@parley/mongo/parse-directory";

import { environment, importConfig } from "./config.ts";
import { ADMITTED_UNTIL_MS, retireAccounts, type Retirement } from "./retire-accounts.ts";

// Imports a directory file into this site's store: all of it, or nothing and every fault by its line. Then has
// room-service take the accounts it disables out of their rooms.

const FAULTS_SHOWN = 20;

type Imported = Extract<ImportOutcome, { status: "imported" }>;

const config = readConfig(importConfig, environment);
const { siteId } = config;

function tellFaults(faults: readonly DirectoryFault[]): void {
  const shown = faults.slice(0, FAULTS_SHOWN).map(({ line, problem }) => `  line ${line}: ${problem}\n`);
  const more = faults.length > FAULTS_SHOWN ? `  … and ${faults.length - FAULTS_SHOWN} more\n` : "";
  process.stderr.write(`The directory was not imported; nothing was written.\n${shown.join("")}${more}`);
  process.exitCode = 1;
}

function tellRetired({ accounts, rooms, failed }: Retirement): void {
  process.stdout.write(`Retired ${accounts} disabled accounts from ${rooms} rooms homed at ${siteId}.\n`);
  if (failed.length === 0) return;
  process.stderr.write(
    `${failed.length} rooms could not be changed now: ${failed.join(" ")}\nRun this import again.\n`,
  );
  process.exitCode = 1;
}

function tellUnretired(cause: unknown): void {
  process.stderr.write(
    "The directory was imported, but disabled accounts are still in rooms: room-service did not take them out " +
      `(${cause instanceof Error ? cause.message : String(cause)}).\n` +
      "See that room-service runs, then run this import again.\n",
  );
  process.exitCode = 1;
}

/** Asks room-service about those accounts that are in rooms; the broker is met only when there are any. */
async function retireThoseInRooms(
  { database }: MongoConnection,
  disabled: readonly string[],
): Promise<Retirement> {
  const accounts = await accountsInRooms(database, { accounts: disabled, roomSite: siteId });
  if (accounts.length === 0) return { accounts: 0, rooms: 0, failed: [] };
  const broker = await connectNats({
    url: config.natsUrl,
    credentials: config.natsCreds,
    name: `import-directory@${siteId}`,
    // The login is room-service's, and hears replies under its prefix alone.
    inboxPrefix: `${serviceInboxPrefix(siteId)}.room-service`,
    domain: config.natsDomain,
  });
  try {
    return await retireAccounts(broker, { siteId, accounts });
  } finally {
    await broker.close();
  }
}

async function retireDisabled(mongo: MongoConnection, { disabled, newlyDisabled }: Imported): Promise<void> {
  const first = await retireThoseInRooms(mongo, disabled);
  tellRetired(first);
  if (newlyDisabled.length === 0) return;
  await sleep(ADMITTED_UNTIL_MS);
  const late = await retireThoseInRooms(mongo, disabled);
  if (late.accounts > 0) tellRetired(late);
}

async function importFile(mongo: MongoConnection, text: string): Promise<void> {
  await ensureIndexes(mongo.database);
  const outcome = await importDirectory(mongoDirectoryStore(mongo.database), text);
  if (outcome.status === "refused") return tellFaults(outcome.faults);
  process.stdout.write(`Imported ${outcome.entries} directory entries into site ${siteId}.\n`);
  if (outcome.disabled.length === 0) return;
  try {
    await retireDisabled(mongo, outcome);
  } catch (error) {
    tellUnretired(error);
  }
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write(
    "Name the directory file: node services/room-service/src/import-directory.ts FILE.jsonl\n",
  );
  process.exit(1);
}
const text = await readFile(file, "utf8");
const mongo = await connectMongo({
  url: config.mongoUrl,
  database: config.mongoDb,
  appName: "import-directory",
});
try {
  await importFile(mongo, text);
} finally {
  await mongo.close();
}
