import { OPERATOR_INBOX_PREFIX } from "@parley/contract/headers";
import { streamName } from "@parley/contract/streams";
import { EXIT } from "@parley/lifecycle/exit-codes";
import { readConfig } from "@parley/lifecycle/parse-config";
import { connectNats, type Broker } from "@parley/messaging/connect-nats";
import { deadRange, parkedMessageOf, readAt } from "@parley/messaging/parked";
import { connectMongo } from "@parley/mongo/connect-mongo";
import { mongoReplicaStore } from "@parley/mongo/replica-store.mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { mongoWaitingRoomStore } from "@parley/mongo/waiting-room-store.mongo";
import type { z } from "zod";

import { environment, listDeadConfig, resendConfig } from "./config.ts";
import { parseDeadArguments, type DeadArguments } from "./dead-arguments.ts";
import { describeParked } from "./describe-parked.ts";
import { listedRange } from "./listed-range.ts";
import { resend, siteTime } from "./resend.ts";

// `dead list` tells what lies in DEAD, without payloads; `dead resend` sends one message back. docs/operations.md says
// what the login of each needs.

const USAGE = "usage: node libs/site/src/dead.ts list [--after SEQ] | resend SEQ\n";

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function connect(
  stack: AsyncDisposableStack,
  { siteId, natsUrl, natsCreds, natsDomain }: z.output<typeof listDeadConfig>,
): Promise<Broker> {
  const broker = await connectNats({
    url: natsUrl,
    credentials: natsCreds,
    name: `dead@${siteId}`,
    inboxPrefix: OPERATOR_INBOX_PREFIX,
    domain: natsDomain,
  });
  stack.defer(() => broker.close());
  return broker;
}

async function list({ after }: Extract<DeadArguments, { mode: "list" }>): Promise<number> {
  const config = readConfig(listDeadConfig, environment);
  await using stack = new AsyncDisposableStack();
  const broker = await connect(stack, config);
  const stream = streamName("DEAD", config.siteId);
  const { from, to, left } = listedRange(await deadRange(broker, config.siteId), after);
  for (let sequence = from; sequence <= to; sequence += 1) {
    const stored = await readAt(broker, { stream, sequence });
    const parked = stored && parkedMessageOf(stored);
    if (stored) print(parked ? describeParked(parked) : `#${sequence}  is no parked message`);
  }
  if (left > 0) print(`${left} more: node libs/site/src/dead.ts list --after ${to}`);
  else if (to < from) print(after === 0 ? `${stream} is empty.` : `${stream} holds nothing after ${after}.`);
  return EXIT.stopped;
}

async function sendBack({ sequence }: Extract<DeadArguments, { mode: "resend" }>): Promise<number> {
  const config = readConfig(resendConfig, environment);
  const { siteId } = config;
  await using stack = new AsyncDisposableStack();
  const broker = await connect(stack, config);
  const stream = streamName("DEAD", siteId);
  const stored = await readAt(broker, { stream, sequence });
  const parked = stored && parkedMessageOf(stored);
  if (!parked) {
    print(`${stream} holds no parked message ${sequence}. Look with: node libs/site/src/dead.ts list`);
    return EXIT.failed;
  }
  print(describeParked(parked));
  const mongo = await connectMongo({ url: config.mongoUrl, database: config.mongoDb, appName: "dead" });
  stack.defer(() => mongo.close());
  const { brought, told } = await resend(
    {
      siteId,
      broker,
      rooms: mongoRoomDocumentStore(mongo.database),
      replicas: mongoReplicaStore(mongo.database),
      subscriptions: mongoSubscriptionStore(mongo.database),
      waiting: mongoWaitingRoomStore(mongo.database),
      now: () => siteTime(broker, siteId),
    },
    parked,
  );
  print(told);
  return brought ? EXIT.stopped : EXIT.failed;
}

const asked = parseDeadArguments(process.argv.slice(2));
if (asked) process.exitCode = await (asked.mode === "list" ? list(asked) : sendBack(asked));
else {
  process.stderr.write(USAGE);
  process.exitCode = EXIT.failed;
}
