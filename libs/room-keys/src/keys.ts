import { valkeyCachedRecords } from "@parley/content-keys/content-key-cache.valkey";
import { EXIT } from "@parley/lifecycle/exit-codes";
import { readConfig } from "@parley/lifecycle/parse-config";
import { connectMongo } from "@parley/mongo/connect-mongo";
import { mongoContentKeyRecordStore } from "@parley/mongo/content-key-record-store.mongo";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";

import { environment, keysConfig } from "./config.ts";
import { contentRecords } from "./content-records.ts";
import { describeRecords } from "./describe-records.ts";
import { valkeyKeyRecordStore } from "./key-record-store.valkey.ts";
import { type KeysMode, parseKeysArguments } from "./keys-arguments.ts";
import { resealContentKey, resealRoomKey } from "./reseal.ts";
import { countRecords, type RecordsSeen, rewrapRecords } from "./rewrap-records.ts";

// `keys status` tells under which key-encryption keys the site's room keys and content keys rest; `keys rewrap` seals them
// all anew under the first, while the site runs. Neither shows a byte of any key. docs/operations.md says when to run which.

const USAGE = "usage: node libs/room-keys/src/keys.ts status|rewrap\n";
/** Records between two lines of progress. */
const PROGRESS_RECORDS = 10_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function progress() {
  let told = 0;
  return ({ looked, rewrapped }: { looked: number; rewrapped: number }): void => {
    if (looked < told) told = 0;
    if (looked - told < PROGRESS_RECORDS) return;
    told = looked;
    print(`… ${looked} records looked at, ${rewrapped} sealed anew`);
  };
}

/** Everything that rests under the site's key-encryption keys. */
interface Kind {
  readonly title: string;
  readonly count: () => Promise<RecordsSeen>;
  readonly rewrap: () => ReturnType<typeof rewrapRecords>;
}

const kindOf = <Slot extends string, Placed extends { readonly record: string }>(
  title: string,
  work: Parameters<typeof rewrapRecords<Slot, Placed>>[0],
): Kind => ({ title, count: () => countRecords(work), rewrap: () => rewrapRecords(work) });

function describeKind(title: string, seen: RecordsSeen, sealingKeyId: string): void {
  print(`${title}:`);
  for (const line of describeRecords(seen, sealingKeyId)) print(line);
}

async function status(kinds: readonly Kind[], sealingKeyId: string): Promise<number> {
  const all: RecordsSeen[] = [];
  for (const { title, count } of kinds) {
    const seen = await count();
    describeKind(title, seen, sealingKeyId);
    all.push(seen);
  }
  if (all.some(({ byKeyId }) => [...byKeyId.keys()].some((keyId) => keyId !== sealingKeyId)))
    print("To seal all under the first key: node libs/room-keys/src/keys.ts rewrap");
  return all.some(({ unreadable }) => unreadable > 0) ? EXIT.failed : EXIT.stopped;
}

async function rewrap(kinds: readonly Kind[], sealingKeyId: string): Promise<number> {
  const all: Awaited<ReturnType<Kind["rewrap"]>>[] = [];
  for (const kind of kinds) {
    const done = await kind.rewrap();
    describeKind(kind.title, done.seen, sealingKeyId);
    all.push(done);
  }
  const rewrapped = all.reduce((sum, each) => sum + each.rewrapped, 0);
  print(`Done: ${rewrapped} sealed anew under ${sealingKeyId}.`);
  if (!all.every(({ settled }) => settled)) {
    print("Records under another key keep coming: a process seals with it. Start all of them with");
    print(`${sealingKeyId} first in ROOM_KEY_KEK, then run this again.`);
    return EXIT.failed;
  }
  print(`Left to do: let every process run with ${sealingKeyId} first in ROOM_KEY_KEK. Once they do and`);
  print("`keys status` counts none under any other key, take the others out and restart them.");
  if (all.every(({ seen }) => seen.unreadable === 0)) return EXIT.stopped;
  print("! does not open under any key given here and was left as it is.");
  return EXIT.failed;
}

/** An IPv6 host stands in brackets. */
const addressOf = ({ host, port }: { host: string; port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

async function run(mode: KeysMode): Promise<number> {
  const config = readConfig(keysConfig, environment);
  await using stack = new AsyncDisposableStack();
  const client = await connectValkey({
    addresses: config.valkeyAddresses.map(addressOf),
    password: config.valkeyPassword,
    onError: ({ message }) => void process.stderr.write(`the connection to Valkey: ${message}\n`),
  });
  stack.defer(() => closeValkey(client));
  const mongo = await connectMongo({ url: config.mongoUrl, database: config.mongoDb, appName: "keys" });
  stack.defer(() => mongo.close());
  const site = {
    sealing: { suite: nodeSuite, keys: config.keyEncryptionKeys },
    siteId: config.siteId,
    onBatch: progress(),
  };
  const content = { ...site, reseal: resealContentKey };
  const kinds = [
    kindOf("Room keys", { ...site, reseal: resealRoomKey, records: valkeyKeyRecordStore(client) }),
    // The database before the cache, which is filled from it meanwhile.
    kindOf("Content keys", {
      ...content,
      records: contentRecords("stored", mongoContentKeyRecordStore(mongo.database)),
    }),
    kindOf("Content keys in the cache", {
      ...content,
      records: contentRecords("cached", valkeyCachedRecords(client)),
    }),
  ];
  const { sealingKeyId } = config.keyEncryptionKeys;
  return await (mode === "status" ? status(kinds, sealingKeyId) : rewrap(kinds, sealingKeyId));
}

const mode = parseKeysArguments(process.argv.slice(2));
if (mode) process.exitCode = await run(mode);
else {
  process.stderr.write(USAGE);
  process.exitCode = EXIT.failed;
}
