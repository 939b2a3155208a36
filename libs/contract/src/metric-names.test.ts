import { describe, expect, test } from "vitest";

import { METRICS } from "./metric-names.ts";

/** SPEC-rooms 9.2, copied, with the labels in braces. */
const CONTRACT = [
  "room_key_fanout_errors_total",
  "room_key_valkey_errors_total{op}",
  "room_key_absent_total",
  "room_key_print_mismatch_total",
  "room_key_replication_terminated_total{peer}",
  "room_key_rpc_duration_seconds{outcome}",
  "seal_duration_seconds",
  "append_conflicts_total",
  "job_results_total{operation,status}",
  "log_skipped_total{process}",
  "outbox_skipped_total{peer}",
  "request_duration_seconds{operation,code}",
  "accept_to_result_seconds{operation}",
  "event_apply_seconds{type}",
  "message_send_to_publish_seconds",
  "message_redeliveries_total{consumer}",
  "messages_parked_total{process,reason}",
  "rooms_waiting{process}",
  "rooms_oldest_wait_seconds{process}",
  "consumer_pending_messages{consumer}",
  "consumer_ack_pending_messages{consumer}",
  "consumer_oldest_pending_seconds{consumer}",
  "consumer_last_pull_age_seconds{consumer}",
  "reconcile_repairs_total{peer,status}",
  "room_divergence_total{kind}",
  "replies_refused_total",
  "requests_limited_total{by}",
  "federation_peer_up{peer}",
  "federation_clock_skew_seconds{peer}",
  "inbox_source_lag_messages{peer}",
  "inbox_heartbeat_age_seconds{peer}",
  "replica_apply_delay_seconds{peer}",
  // SPEC-agents 9.
  "content_key_absent_total",
];

/** What delivery that is acknowledged counts besides (docs/decisions/0009). */
const ACKNOWLEDGED_DELIVERY = [
  "room_key_resends_total",
  "key_acks_dropped_total{reason}",
  "room_key_invalid_total",
];

const declared = Object.entries(METRICS);

describe("the metrics", () => {
  // R99
  test("are those of the contract with their labels, and no other", () => {
    const written = declared.map(([name, { labels }]) =>
      labels.length > 0 ? `${name}{${labels.join(",")}}` : name,
    );

    expect(written.toSorted()).toEqual([...CONTRACT, ...ACKNOWLEDGED_DELIVERY].toSorted());
  });

  test("are never labelled by account or room: their number would have no bound", () => {
    const labels = new Set(declared.flatMap(([, metric]) => [...metric.labels]));

    expect([...labels].filter((label) => /account|user|room|message|request/i.test(label))).toEqual([]);
  });

  test("say in their name what they are", () => {
    const counters = declared.filter(([, { kind }]) => kind === "counter").map(([name]) => name);
    const histograms = declared.filter(([, { kind }]) => kind === "histogram").map(([name]) => name);

    expect(counters.filter((name) => !name.endsWith("_total"))).toEqual([]);
    expect(histograms.filter((name) => !name.endsWith("_seconds"))).toEqual([]);
    expect(declared.filter(([name, { kind }]) => name.endsWith("_total") && kind !== "counter")).toEqual([]);
  });
});
