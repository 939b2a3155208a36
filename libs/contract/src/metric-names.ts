/** What one metric is. The name says its unit; label values come from small closed sets, never from accounts or rooms. */
interface Metric {
  readonly kind: "counter" | "histogram" | "gauge";
  readonly labels: readonly string[];
  readonly description: string;
}

/** Every metric of the product and no other (SPEC-rooms 9.2). Dashboards and alarms read these names. */
export const METRICS = {
  room_key_fanout_errors_total: {
    kind: "counter",
    labels: [],
    description: "Room keys that could not be sent to a member.",
  },
  room_key_valkey_errors_total: {
    kind: "counter",
    labels: ["op"],
    description: "Operations of the key store that failed.",
  },
  room_key_absent_total: {
    kind: "counter",
    labels: [],
    description: "Times a room's key was needed and the store did not hold it.",
  },
  room_key_print_mismatch_total: {
    kind: "counter",
    labels: [],
    description: "Key pairs that differ from the print of their version.",
  },
  room_key_invalid_total: {
    kind: "counter",
    labels: [],
    description: "Keys handed out once more because a client could not use what it had.",
  },
  room_key_replication_terminated_total: {
    kind: "counter",
    labels: ["peer"],
    description: "Key copies from a home site that were given up.",
  },
  room_key_resends_total: {
    kind: "counter",
    labels: [],
    description: "Room keys sent again to an account that had not acknowledged them.",
  },
  key_acks_dropped_total: {
    kind: "counter",
    labels: ["reason"],
    description: "Acknowledgements of room keys that were not noted.",
  },
  content_key_absent_total: {
    kind: "counter",
    labels: [],
    description: "Content keys found missing: put back from the cache, or lost with what rests under them.",
  },
  append_conflicts_total: {
    kind: "counter",
    labels: [],
    description: "Appends that another append came before.",
  },
  job_results_total: {
    kind: "counter",
    labels: ["operation", "status"],
    description: "Terminal job results sent.",
  },
  log_skipped_total: {
    kind: "counter",
    labels: ["process"],
    description: "Stream messages that are no envelope and were skipped.",
  },
  outbox_skipped_total: {
    kind: "counter",
    labels: ["peer"],
    description: "Events not sent to a participating site that is no configured peer.",
  },
  message_redeliveries_total: {
    kind: "counter",
    labels: ["consumer"],
    description: "Stream messages delivered again.",
  },
  messages_parked_total: {
    kind: "counter",
    labels: ["process", "reason"],
    description: "Stream messages copied to DEAD.",
  },
  reconcile_repairs_total: {
    kind: "counter",
    labels: ["peer", "status"],
    description: "Replicas that reconcile repaired.",
  },
  room_divergence_total: {
    kind: "counter",
    labels: ["kind"],
    description: "Rooms whose chain or roster hash differs.",
  },
  replies_refused_total: {
    kind: "counter",
    labels: [],
    description: "Requests dropped because their reply subject is not the caller's.",
  },
  requests_limited_total: {
    kind: "counter",
    labels: ["by"],
    description: "Requests refused by a limit or a rate.",
  },
  room_key_rpc_duration_seconds: {
    kind: "histogram",
    labels: ["outcome"],
    description: "Asking a home site for a room key.",
  },
  seal_duration_seconds: {
    kind: "histogram",
    labels: [],
    description: "Sealing one message or notice.",
  },
  request_duration_seconds: {
    kind: "histogram",
    labels: ["operation", "code"],
    description: "A request, from receipt to reply.",
  },
  accept_to_result_seconds: {
    kind: "histogram",
    labels: ["operation"],
    description: "From the acceptance of a command to its job result.",
  },
  event_apply_seconds: {
    kind: "histogram",
    labels: ["type"],
    description: "All effects of one canonical event.",
  },
  message_send_to_publish_seconds: {
    kind: "histogram",
    labels: [],
    description: "From the acceptance of a message to its sealed publication.",
  },
  replica_apply_delay_seconds: {
    kind: "histogram",
    labels: ["peer"],
    description: "From an event at its home site to its application to the replica.",
  },
  rooms_waiting: {
    kind: "gauge",
    labels: ["process"],
    description: "Rooms that wait for a missing event.",
  },
  rooms_oldest_wait_seconds: {
    kind: "gauge",
    labels: ["process"],
    description: "How long the longest waiting room has waited; alarm at 30.",
  },
  consumer_pending_messages: {
    kind: "gauge",
    labels: ["consumer"],
    description: "Stream messages not delivered yet.",
  },
  consumer_ack_pending_messages: {
    kind: "gauge",
    labels: ["consumer"],
    description: "Stream messages delivered and not settled; alarm at half of the limit.",
  },
  consumer_oldest_pending_seconds: {
    kind: "gauge",
    labels: ["consumer"],
    description: "Age of the oldest message that is not settled.",
  },
  consumer_last_pull_age_seconds: {
    kind: "gauge",
    labels: ["consumer"],
    description: "Time since the consumer loop last pulled.",
  },
  federation_peer_up: {
    kind: "gauge",
    labels: ["peer"],
    description: "1 while the peer answers pings, else 0.",
  },
  federation_clock_skew_seconds: {
    kind: "gauge",
    labels: ["peer"],
    description: "The peer's site time minus ours.",
  },
  inbox_source_lag_messages: {
    kind: "gauge",
    labels: ["peer"],
    description: "Messages of the peer's OUTBOX that INBOX has not sourced yet.",
  },
  inbox_heartbeat_age_seconds: {
    kind: "gauge",
    labels: ["peer"],
    description: "Time since the peer's last heartbeat came through the lane.",
  },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
type NameOfKind<Kind extends Metric["kind"]> = {
  [Name in MetricName]: (typeof METRICS)[Name]["kind"] extends Kind ? Name : never;
}[MetricName];

export type CounterName = NameOfKind<"counter">;
export type HistogramName = NameOfKind<"histogram">;
export type GaugeName = NameOfKind<"gauge">;

/** The labels of one metric: exactly the declared ones. */
export type Labels<Name extends MetricName> = {
  readonly [Label in (typeof METRICS)[Name]["labels"][number]]: string;
};
