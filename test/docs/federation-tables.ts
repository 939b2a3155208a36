import { inboxLane, LOCAL_LANE, type ConsumerDeclaration } from "@parley/contract/consumers";
import { linkPermissions } from "@parley/contract/link-permissions";
import { inboxSources, streamName } from "@parley/contract/streams";

import { code, sections, table } from "./markdown.ts";

/** Stand-ins for site ids; no valid site is named so, so that they can be told from the rest of a subject. */
const SITE = "{siteId}";
const PEER = "{peer}";

/** The consumers of INBOX: that of each peer's lane and the local one. */
export const laneConsumers = (): readonly ConsumerDeclaration[] =>
  [PEER, LOCAL_LANE].map((lane) => inboxLane(SITE, lane));

/** What INBOX declares for each peer. */
export function sourceTable(): string {
  const rows = inboxSources(SITE, [PEER]).map(({ name, filter_subject: filter, external }) =>
    [name, filter, external.api, external.deliver].map(code),
  );
  return table(["source", "filter", "`external.api`", "`external.deliver`"], rows);
}

/** Why a link carries it; entries that are not named here are of no use to anybody. */
const REASONS: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/\._\./, "grants nothing: the broker takes the other side's wildcard interest only beside it"],
  [/\.request\.orgs\./, "requests about orgs"],
  [/^chat\.user\.\S+\.request\./, "requests of accounts to the room's home"],
  [/^chat\.user\.\S+\.room\./, "signals of accounts to the room's home"],
  [/^chat\.room\./, "what happens in channels"],
  [/^chat\.server\./, "requests between sites"],
  [/\.event\./, "notices, keys and events of dms to accounts"],
  [/\.response\./, "job results"],
  [/^_INBOX\.user\./, "replies to accounts"],
  [/^_INBOX\.svc\./, "replies to processes"],
  [/^lane\./, "the lane: what OUTBOX holds for the other site"],
  [
    /^\$JS\.\S+\.API\.>$/,
    "what peers ask of the own JetStream API; the site itself denies all but consumers of OUTBOX",
  ],
  [/^\$JS\.\S+\.API/, "making a consumer of the other side's OUTBOX"],
  [/^\$JS\.FC\./, "flow control of a lane"],
  [/^\$JSC\.R\./, "replies of the JetStream API"],
];

function reasonOf(subject: string): string {
  const reason = REASONS.find(([pattern]) => pattern.test(subject));
  if (!reason) throw new Error(`test/docs/federation-tables.ts has no words for ${subject} on a link`);
  return reason[1];
}

const permissionTable = (subjects: readonly string[]): string =>
  table(
    ["subject", "carries"],
    subjects.map((subject) => [code(subject), reasonOf(subject)]),
  );

/** The lists of a link, entry by entry. */
export function linkTables(): string {
  const { publish, subscribe } = linkPermissions(SITE, [PEER]);
  return sections(
    "What the accepting side takes from the site:",
    permissionTable(publish),
    "What the site may receive:",
    permissionTable(subscribe),
  );
}

/** The stream the lanes end in, for the words around the tables. */
export const inboxName = (): string => code(streamName("INBOX", SITE));
