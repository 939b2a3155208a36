import { serviceInboxPrefix } from "@parley/contract/headers";
import { inboxSources, streamDeclarations } from "@parley/contract/streams";
import { EXIT } from "@parley/lifecycle/exit-codes";
import { readConfig } from "@parley/lifecycle/parse-config";
import { connectNats } from "@parley/messaging/connect-nats";
import { describeDifference } from "@parley/messaging/declare-streams";
import {
  applyStreams,
  planStreams,
  type StreamsPlan,
  type WantedStream,
} from "@parley/messaging/plan-streams";

import { environment, streamsConfig } from "./config.ts";

// `streams diff` tells how the broker's streams differ from this release and from PEERS; `streams apply` makes what only
// adds. Both need a login that may read, and for `apply` create and update, the site's streams.

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function wantedStreams(siteId: string, peers: readonly string[]): readonly WantedStream[] {
  const { INBOX, ...others } = streamDeclarations(siteId);
  return [
    ...Object.values(others).map((declared) => ({ declared })),
    { declared: INBOX, sources: inboxSources(siteId, peers) },
  ];
}

function tell({ create, change, byHand }: StreamsPlan): void {
  for (const { declared } of create) print(`+ ${declared.name}: does not exist`);
  for (const difference of change) print(`~ ${describeDifference(difference)}`);
  for (const difference of byHand) print(`! ${describeDifference(difference)}`);
}

const isSame = ({ create, change, byHand }: StreamsPlan): boolean =>
  create.length + change.length + byHand.length === 0;

async function run(mode: "diff" | "apply"): Promise<number> {
  const { siteId, natsUrl, natsCreds, natsDomain, peers } = readConfig(streamsConfig, environment);
  await using stack = new AsyncDisposableStack();
  const broker = await connectNats({
    url: natsUrl,
    credentials: natsCreds,
    name: `streams@${siteId}`,
    inboxPrefix: `${serviceInboxPrefix(siteId)}.streams`,
    domain: natsDomain,
  });
  stack.defer(() => broker.close());
  const plan = await planStreams(broker, wantedStreams(siteId, peers));
  tell(plan);
  if (isSame(plan)) {
    print(`The streams of site ${siteId} are as declared.`);
    return EXIT.stopped;
  }
  if (mode === "apply") {
    await applyStreams(broker, plan);
    print(`Done: ${plan.create.length} created, ${plan.change.length} differences removed.`);
  } else {
    print("Nothing was changed. + and ~ are made by: node libs/site/src/streams.ts apply");
  }
  if (plan.byHand.length > 0) print("! could cost messages: make these changes by hand, or not at all.");
  return mode === "apply" && plan.byHand.length === 0 ? EXIT.stopped : EXIT.failed;
}

const mode = process.argv[2];
if (mode === "diff" || mode === "apply") process.exitCode = await run(mode);
else {
  process.stderr.write("usage: node libs/site/src/streams.ts diff|apply\n");
  process.exitCode = EXIT.failed;
}
