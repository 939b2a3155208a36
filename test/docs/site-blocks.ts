import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { METRICS, type MetricName } from "@parley/contract/metric-names";
import { PROCESSES } from "@parley/contract/processes";

import { productFiles } from "../architecture/source-files.ts";
import { code, table } from "./markdown.ts";
import { ROOT } from "./root.ts";

/** A zod schema as a configuration holds it. */
interface ConfigSchema {
  meta(): { readonly variable?: unknown; readonly example?: unknown } | undefined;
  safeParse(value: unknown): {
    readonly success: boolean;
    readonly data?: unknown;
    readonly error?: { readonly issues: readonly { readonly message: string }[] };
  };
  readonly def: { readonly in?: ConfigSchema; readonly innerType?: ConfigSchema };
  readonly shape?: Readonly<Record<string, ConfigSchema>>;
}

interface Variable {
  readonly name: string;
  readonly rule: string;
  readonly otherwise: string;
  readonly example: string;
}

/** Nothing a variable could hold, so that its schema says what it wants. */
const IMPOSSIBLE = "\u0000 \u0000";

const messageOf = (schema: ConfigSchema, value: unknown): string | undefined =>
  schema.safeParse(value).error?.issues[0]?.message;

/** What is not told by the schema: fields whose default follows from others, or whose text is free. */
const SPECIAL: Readonly<Record<string, Partial<Variable>>> = {
  NATS_DOMAIN: { otherwise: "`SITE_ID`" },
  MONGO_DB: { otherwise: "`parley_{SITE_ID}`" },
  NATS_CREDS: { rule: "a file this process can read: a NATS credentials file", otherwise: "none" },
  VALKEY_PASSWORD: { rule: "must not be empty when it is set", otherwise: "none" },
  PEERS: { rule: "other site ids, each once, separated by commas", otherwise: "none" },
  ROOM_KEY_KEK: {
    rule: "`kid:base64 of 32 bytes`, several separated by commas: the first seals, all open",
    otherwise: "exactly one of the two is required",
  },
  ROOM_KEY_KEK_FILE: {
    rule: "a file that holds what `ROOM_KEY_KEK` would",
    otherwise: "exactly one of the two is required",
  },
  HEALTH_ADDR: { otherwise: "`:8081`" },
};

function otherwiseOf(schema: ConfigSchema): string {
  const absent = schema.safeParse(undefined);
  if (!absent.success) return "required";
  return absent.data === undefined ? "none" : code(JSON.stringify(absent.data).replaceAll('"', ""));
}

function variablesOf(schema: ConfigSchema): Variable[] {
  const meta = schema.meta();
  if (typeof meta?.variable === "string") {
    const name = meta.variable;
    const told = {
      name,
      rule: messageOf(schema, IMPOSSIBLE) ?? "",
      otherwise: otherwiseOf(schema),
      example: String(meta.example),
    };
    return [{ ...told, ...SPECIAL[name] }];
  }
  const parts = schema.shape ?? schema.def.in?.shape ?? {};
  return Object.values(parts).flatMap(variablesOf);
}

/** The configuration a process declares, read from the process itself: it is no dependency of the tests. */
async function configOf(process: string): Promise<ConfigSchema> {
  const url = pathToFileURL(join(ROOT, "services", process, "src/config.ts")).href;
  const module: { readonly config: ConfigSchema } = await import(url);
  return module.config;
}

const readBy = (processes: readonly string[]): string =>
  processes.length === PROCESSES.length ? "all" : processes.join(", ");

/** Block `configuration` of operations.md: every variable, and which process reads it. */
export async function configurationBlock(): Promise<string> {
  const variables = new Map<string, Variable & { readonly processes: string[] }>();
  for (const process of PROCESSES) {
    for (const variable of variablesOf(await configOf(process))) {
      const known = variables.get(variable.name);
      // SITE_ID is looked at by several fields; the field that names it first says what it must be.
      if (!known) variables.set(variable.name, { ...variable, processes: [process] });
      else if (!known.processes.includes(process)) known.processes.push(process);
    }
  }
  const rows = [...variables.values()].map(({ name, rule, otherwise, example, processes }) => [
    code(name),
    rule,
    otherwise,
    code(example),
    readBy(processes),
  ]);
  return table(["variable", "rule", "default", "example", "read by"], rows);
}

/** What an operator does when it rises; metrics that only describe are left out. */
const ACTIONS: Readonly<Partial<Record<MetricName, string>>> = {
  room_key_fanout_errors_total:
    "Nothing at once: `key.get` heals it. If it goes on, look at room-worker's log and the broker.",
  room_key_resends_total:
    "Clients that are away or too slow to say that they have a key: normal. A steep rise with nobody away: acknowledgements do not arrive, look at `key_acks_dropped_total` and at the client users' right to publish `….room.>`.",
  key_acks_dropped_total:
    "Costs a re-send each. `reason=malformed` or `foreign`: a broken client, or one that makes things up. `overload`: one account, or all together, say more than is taken. `store`: look at Valkey and MongoDB.",
  room_key_valkey_errors_total: "Look at Valkey. Messages wait meanwhile, nothing is lost.",
  content_key_absent_total:
    "MongoDB lost records of `content_keys`. Look for `content_key_lost` and `content_key_put_back` in the log, and restore the collection from its backup.",
  room_key_absent_total:
    "Valkey lost keys. Rooms rotate by themselves with their next message; find out why: persistence, eviction, a restored backup.",
  room_key_print_mismatch_total:
    "Valkey held an older or foreign key. The room rotates by itself. Never restore Valkey from a backup.",
  room_key_invalid_total:
    "A client that was just registered may report once. If it goes on: a faulty client, or a device whose registered key is not the one it holds.",
  room_key_replication_terminated_total:
    "A key copy ended without a key; members are still served by asking the home. Look for `room_key_copy_ended` (the home has it no more) and `room_key_copy_parked` (it was silent too often) in inbox-worker's log.",
  outbox_skipped_total:
    "A room has members at a site that is not in `PEERS`: they hear nothing. Normal after a peer was removed; else add it.",
  append_conflicts_total: "Normal under several replicas. A steep rise: many commands on one room.",
  log_skipped_total:
    "Something wrote bytes that are no event into ROOMS: look at who may publish there, and at DEAD.",
  message_redeliveries_total: "A worker dies or is too slow: look at its log and at `event_apply_seconds`.",
  messages_parked_total: "Look into DEAD, below.",
  room_divergence_total:
    "At home: a room's log breaks a law, the room is quarantined; look for `room_quarantined`. At a replica: what the home sent does not fit; the replica stays where it is; look for `replica_diverged`. Others go on. Do not edit a stream.",
  replies_refused_total: "A client asks for answers outside its own inbox: a broken client or an attack.",
  requests_limited_total:
    "`by=process`: raise `MAX_IN_FLIGHT` or add a replica. `by=account_…`: one account asks too much.",
  rooms_waiting: "Look for `room_still_waiting` in the log: which rooms, and why.",
  rooms_oldest_wait_seconds:
    "Alarm at 30: what waits so long does not heal by itself. Look for `room_quarantined` and `event_of_newer_release`.",
  federation_peer_up:
    "Alarm at 0 for a minute: the peer's room-service or the link is away. Rooms homed there are read-only here until it answers; nothing is lost.",
  federation_clock_skew_seconds:
    "Alarm beyond a few seconds either way: one of the two brokers' clocks is wrong. Order does not depend on it, the times people see do.",
  room_key_rpc_duration_seconds:
    "Of inbox-worker's key copies. `outcome` is `ok` or the code of the refusal; `unavailable`: the home does not answer in time.",
  replica_apply_delay_seconds:
    "Both sites' clocks count. A rise without an outage: look at `consumer_pending_messages` of the lane and at `inbox_source_kicked`.",
  inbox_source_lag_messages:
    "Normal while a site catches up. If it does not fall, look for `inbox_source_kicked` and at the link. It stays at 0 while a lane stands still.",
  consumer_ack_pending_messages:
    "Alarm at half of `CONSUMER_MAX_ACK_PENDING`: the worker does not keep up or a dependency is down.",
  consumer_oldest_pending_seconds:
    "Alarm when it keeps growing: one message is stuck, look for `message_failed` in the log.",
  consumer_last_pull_age_seconds:
    "Readiness turns red at `READY_STALL_MS`; restart the process if it stays so.",
};

/** Metrics that a product file records under their name. */
function recordedMetrics(): MetricName[] {
  const sources = productFiles.filter(({ path }) => !path.endsWith("contract/src/metric-names.ts"));
  const isNamed = (name: string): boolean => sources.some(({ text }) => text.includes(`"${name}"`));
  return (Object.keys(METRICS) as MetricName[]).filter(isNamed);
}

/** Block `metrics` of operations.md: what is recorded, and what to do when it rises. */
export function metricsBlock(): string {
  const rows = recordedMetrics().map((name) => {
    const { kind, labels, description } = METRICS[name];
    return [code(name), kind, labels.map(code).join(", ") || "–", description, ACTIONS[name] ?? "–"];
  });
  return table(["metric", "kind", "labels", "what it says", "what to do when it rises"], rows);
}
