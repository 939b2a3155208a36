import { EXIT } from "@parley/lifecycle/exit-codes";
import { readConfig } from "@parley/lifecycle/parse-config";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";

import { environment, keysConfig } from "./config.ts";
import { describeRecords } from "./describe-records.ts";
import { valkeyKeyRecordStore } from "./key-record-store.valkey.ts";
import { type KeysMode, parseKeysArguments } from "./keys-arguments.ts";
import { countRecords, rewrapRecords } from "./rewrap-records.ts";

// `keys status` tells under which key-encryption keys the site's room keys rest; `keys rewrap` seals them all anew under
// the first, while the site runs. Neither shows a byte of any key. docs/operations.md says when to run which.

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

type Work = Parameters<typeof countRecords>[0];

async function status(work: Work): Promise<number> {
  const { sealingKeyId } = work.sealing.keys;
  const seen = await countRecords(work);
  for (const line of describeRecords(seen, sealingKeyId)) print(line);
  if ([...seen.byKeyId.keys()].some((keyId) => keyId !== sealingKeyId))
    print("To seal all under the first key: node libs/room-keys/src/keys.ts rewrap");
  return seen.unreadable > 0 ? EXIT.failed : EXIT.stopped;
}

async function rewrap(work: Work): Promise<number> {
  const { sealingKeyId } = work.sealing.keys;
  const { settled, rewrapped, seen } = await rewrapRecords(work);
  for (const line of describeRecords(seen, sealingKeyId)) print(line);
  print(`Done: ${rewrapped} sealed anew under ${sealingKeyId}.`);
  if (!settled) {
    print("Records under another key keep coming: a process seals with it. Start all of them with");
    print(`${sealingKeyId} first in ROOM_KEY_KEK, then run this again.`);
    return EXIT.failed;
  }
  print(`Left to do: let every process run with ${sealingKeyId} first in ROOM_KEY_KEK. Once they do and`);
  print("`keys status` counts none under any other key, take the others out and restart them.");
  if (seen.unreadable === 0) return EXIT.stopped;
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
  const work = {
    records: valkeyKeyRecordStore(client),
    sealing: { suite: nodeSuite, keys: config.keyEncryptionKeys },
    siteId: config.siteId,
    onBatch: progress(),
  };
  return await (mode === "status" ? status(work) : rewrap(work));
}

const mode = parseKeysArguments(process.argv.slice(2));
if (mode) process.exitCode = await run(mode);
else {
  process.stderr.write(USAGE);
  process.exitCode = EXIT.failed;
}
