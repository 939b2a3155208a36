import type { ProcessName } from "./processes.ts";

const DAY_NS = 24 * 60 * 60 * 1e9;
const MINUTE_NS = 60 * 1e9;

/** A stream as this release declares it; durations in nanoseconds, as the broker's API takes them. */
export interface StreamDeclaration {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly subject_transform?: { readonly src: string; readonly dest: string };
  readonly retention: "limits";
  readonly storage: "file";
  readonly compression: "s2";
  readonly discard: "new" | "old";
  readonly max_age: number;
  readonly duplicate_window: number;
  readonly allow_direct: true;
  readonly deny_delete: boolean;
  readonly deny_purge: boolean;
  readonly num_replicas: number;
}

/** Rooms spread over this many partitions in the stored subject; for later scaling. */
const PARTITIONS = 8;

export type StreamName = "ROOMS" | "MESSAGES_CANONICAL" | "OUTBOX" | "INBOX" | "DEAD";

/** The one process that creates a stream; everybody else only compares it. */
export const STREAM_OWNERS: Readonly<Record<StreamName, ProcessName>> = {
  ROOMS: "room-worker",
  MESSAGES_CANONICAL: "message-service",
  OUTBOX: "room-worker",
  INBOX: "inbox-worker",
  DEAD: "room-worker",
};

/** The stream's name at a site. */
export const streamName = (stream: StreamName, siteId: string): string => `${stream}_${siteId}`;

const common = {
  retention: "limits",
  storage: "file",
  compression: "s2",
  discard: "new",
  duplicate_window: 2 * MINUTE_NS,
  allow_direct: true,
  deny_delete: true,
  deny_purge: true,
  num_replicas: 1,
} as const satisfies Partial<StreamDeclaration>;

const partitioned = (
  family: string,
  siteId: string,
): Pick<StreamDeclaration, "subjects" | "subject_transform"> => ({
  subjects: [`${family}.${siteId}.*.>`],
  subject_transform: {
    src: `${family}.${siteId}.*.>`,
    dest: `${family}.${siteId}.{{partition(${PARTITIONS},1)}}.{{wildcard(1)}}.>`,
  },
});

/** Every stream of a site (DESIGN 4). Both message families are partitioned by room. */
export function streamDeclarations(siteId: string): Readonly<Record<StreamName, StreamDeclaration>> {
  const name = (stream: StreamName): string => streamName(stream, siteId);
  return {
    // Truth: never aged out, never deleted, never purged.
    ROOMS: { ...common, name: name("ROOMS"), ...partitioned("chat.room.canonical", siteId), max_age: 0 },
    // Purging by subject is left open for the erasure of a purged table; credentials decide who may.
    MESSAGES_CANONICAL: {
      ...common,
      name: name("MESSAGES_CANONICAL"),
      ...partitioned("chat.msg.canonical", siteId),
      max_age: 30 * DAY_NS,
      discard: "old",
      deny_purge: false,
    },
    OUTBOX: {
      ...common,
      name: name("OUTBOX"),
      subjects: [`outbox.${siteId}.*.>`],
      max_age: 30 * DAY_NS,
      discard: "old",
    },
    // What peers sent: it sources their OUTBOX streams, which are set apart (`inboxSources`).
    INBOX: {
      ...common,
      name: name("INBOX"),
      subjects: [`inbox.${siteId}.local.>`],
      max_age: 30 * DAY_NS,
      discard: "old",
    },
    DEAD: { ...common, name: name("DEAD"), subjects: [`dead.${siteId}.>`], max_age: 0 },
  };
}

/** Where INBOX takes messages from; fields as the broker's API names them. */
export interface StreamSourceDeclaration {
  readonly name: string;
  readonly filter_subject: string;
  readonly external: { readonly api: string; readonly deliver: string };
}

/**
 * The lane of each peer: its OUTBOX as far as it is meant for this site, asked through the peer's API and delivered
 * under a prefix that names both, so that a link's lists can hold it apart (SPEC-rooms 7.3).
 */
export const inboxSources = (siteId: string, peers: readonly string[]): readonly StreamSourceDeclaration[] =>
  peers.map((peer) => ({
    name: streamName("OUTBOX", peer),
    filter_subject: `outbox.${peer}.${siteId}.>`,
    external: { api: `$JS.${peer}.API`, deliver: `lane.${peer}.${siteId}` },
  }));
