import { CONSUMERS, PIN_GROUP, type ConsumerDeclaration } from "@parley/contract/consumers";
import * as devices from "@parley/contract/devices";
import * as directory from "@parley/contract/directory";
import { canonicalSubjects, EVENT_DATA, type EventType } from "@parley/contract/events";
import { HEADERS, serviceInboxPrefix, userInboxPrefix } from "@parley/contract/headers";
import { LIMITS } from "@parley/contract/limits";
import * as messageRequests from "@parley/contract/message-requests";
import * as messages from "@parley/contract/messages";
import { roomSubjects, userSubjects } from "@parley/contract/notices";
import type { AnyRequest } from "@parley/contract/request";
import * as ownState from "@parley/contract/own-state";
import * as roomRequests from "@parley/contract/room-requests";
import * as serverRequests from "@parley/contract/server-requests";
import { STREAM_OWNERS, streamDeclarations } from "@parley/contract/streams";
import { EVENT_OPERATIONS } from "@parley/room/operation";

import { productFiles } from "../architecture/source-files.ts";
import { alternativesOf, type Schema } from "./describe-schema.ts";
import { inboxName, laneConsumers, linkTables, sourceTable } from "./federation-tables.ts";
import { code, sections, table } from "./markdown.ts";

interface NamedRequest {
  readonly name: string;
  readonly declaration: AnyRequest;
}

const isRequest = (value: unknown): value is AnyRequest =>
  typeof value === "object" && value !== null && "operation" in value && "subject" in value;

/** By operation: the order of a module's exports is not the same everywhere. */
const requestsIn = (...modules: readonly object[]): NamedRequest[] =>
  modules
    .flatMap((module) => Object.entries(module))
    .flatMap(([name, value]) => (isRequest(value) ? [{ name, declaration: value }] : []))
    .toSorted((a, b) => (a.declaration.operation < b.declaration.operation ? -1 : 1));

/** Every request a client may make, as the contract declares it. */
export const clientRequests = (): NamedRequest[] =>
  requestsIn(roomRequests, ownState, messages, messageRequests, directory, devices);

/** Which process has an endpoint for a request, told by its sources. */
function serverOf(name: string): string {
  const endpoint = new RegExp(String.raw`(?:user|server|change)Endpoint\((?:deps,)?\s*${name}\b`);
  const file = productFiles.find(({ path, text }) => path.startsWith("services/") && endpoint.test(text));
  return file?.path.split("/")[1] ?? "nobody yet";
}

const requestTable = (requests: readonly NamedRequest[]): string =>
  table(
    ["operation", "subject", "asks", "answered by"],
    requests.map(({ name, declaration }) => [
      code(declaration.operation),
      code(declaration.subject.template),
      declaration.asks,
      serverOf(name),
    ]),
  );

const PUBLISHERS = {
  subscriptionUpdate: "room-worker; inbox-worker and room-service of the account's own site",
  roomKey: "room-worker",
  room: "broadcast-worker",
  response: "room-worker",
} as const satisfies Record<keyof typeof userSubjects, string>;

const noticeTable = (): string =>
  table(
    ["subject", "published by"],
    [
      ...Object.entries(userSubjects).map(([name, { template }]) => [
        code(template),
        PUBLISHERS[name as keyof typeof PUBLISHERS],
      ]),
      [code(roomSubjects.event.template), "broadcast-worker (messages), room-worker (notices)"],
      [code(roomSubjects.member.template), "room-worker"],
      [code(roomSubjects.typing.template), "broadcast-worker"],
      [code(messageRequests.typing.template), "clients; heard by broadcast-worker"],
    ],
  );

const WRITERS = {
  roomAppend: "room-service",
  roomStored: "nobody: what ROOMS stores, with the partition its transform inserts",
  messageAppend: "message-service, room-worker (system messages)",
  messageStored: "nobody: what MESSAGES_CANONICAL stores",
  outbox: "room-worker; room-service for `member_state`",
  outboxDevices: "room-service",
  inboxRepair: "nobody yet: repairs come with reconcile",
  dead: "the process that parks a message",
} as const satisfies Record<keyof typeof canonicalSubjects, string>;

const canonicalTable = (): string =>
  table(
    ["subject", "published by"],
    Object.entries(canonicalSubjects).map(([name, { template }]) => [
      code(template),
      WRITERS[name as keyof typeof WRITERS],
    ]),
  );

const days = (nanoseconds: number): string =>
  nanoseconds === 0 ? "unlimited" : `${nanoseconds / 86_400e9} d`;

function streamTable(): string {
  const declared = streamDeclarations("SITE");
  const rows = Object.entries(declared).map(([stream, declaration]) => [
    code(declaration.name.replace("SITE", "{siteId}")),
    declaration.subjects.map((subject) => code(subject.replace("SITE", "{siteId}"))).join(", "),
    declaration.subject_transform
      ? code(declaration.subject_transform.dest.replace("SITE", "{siteId}"))
      : "as published",
    days(declaration.max_age),
    declaration.discard,
    `delete ${declaration.deny_delete ? "denied" : "open"}, purge ${declaration.deny_purge ? "denied" : "open"}`,
    STREAM_OWNERS[stream as keyof typeof STREAM_OWNERS],
  ]);
  return table(
    ["stream", "subjects", "stored under", "age", "when full: discard", "messages", "created by"],
    rows,
  );
}

const allConsumers = (): readonly ConsumerDeclaration[] => [...Object.values(CONSUMERS), ...laneConsumers()];

const consumerTable = (): string =>
  table(
    ["durable consumer", "stream", "takes", "process"],
    allConsumers().map(({ durable, stream, process, filter }) => [
      code(durable),
      code(stream),
      filter === undefined ? "all" : code(filter),
      process,
    ]),
  );

const headerTable = (): string =>
  table(
    ["header", "carried by"],
    Object.entries(HEADERS).map(([name, header]) => [code(header), HEADER_USE[name as keyof typeof HEADERS]]),
  );

const HEADER_USE: Readonly<Record<keyof typeof HEADERS, string>> = {
  requestId: "requests, replies, and everything published because of a request",
  traceParent: "as above: W3C trace context",
  traceState: "as above, when the request had one",
  messageId: "every stream publish",
  expectedLastSubjectSequence: "ROOMS appends: the sequence of the room's last message, 0 for none",
  expectedLastSubjectSequenceSubject: "ROOMS appends: the filter of the room's stored subjects",
  parkedSubject: "DEAD: the subject the message had",
  parkedStream: "DEAD: the stream it came from",
  parkedSequence: "DEAD: its sequence there",
  parkedAttempts: "DEAD: how often it had been handed out",
  parkedError: "DEAD: what was wrong, without payload",
};

const eventTable = (): string =>
  table(
    ["type", "operation", "data"],
    (Object.keys(EVENT_DATA) as EventType[]).map((type) => [
      code(type),
      code(EVENT_OPERATIONS[type]),
      alternativesOf(EVENT_DATA[type] as unknown as Schema)
        .map((fields) => fields.map(({ name }) => code(name)).join(", ") || "–")
        .join(" or "),
    ]),
  );

const limitTable = (): string =>
  table(
    ["limit", "value"],
    Object.entries(LIMITS).map(([name, value]) => [
      code(name),
      value.toLocaleString("en").replaceAll(",", " "),
    ]),
  );

/** The whole of protocol.md. */
export const protocolPage = (): string =>
  sections(
    "# Protocol",
    "<!-- Generated by `node test/docs/generate.ts`; edit the contract instead. -->",
    "Every subject, stream, consumer and header, as `libs/contract` declares them. What they mean: [client-api.md](client-api.md) for clients, [architecture.md](architecture.md) for processes.",
    "## Requests of clients",
    "Core NATS request/reply; the queue group is the name of the process. `own`: the caller's home site; `home`: the room's; `nearest`: own, then home.",
    requestTable(clientRequests()),
    "## Requests between processes",
    "Always seven tokens, the asking site last; no stream captures them.",
    requestTable(requestsIn(serverRequests)),
    "## Events for clients",
    noticeTable(),
    "## Subjects of streams",
    canonicalTable(),
    "## Streams",
    "All: file storage, S2 compression, duplicate window of 2 minutes, direct get. Declared in `libs/contract/src/streams.ts`.",
    streamTable(),
    "## Lanes",
    `${inboxName()} also sources the OUTBOX of every peer. Its owner declares the sources anew at start; they are no part of the comparison with the declaration.`,
    sourceTable(),
    "## Consumers",
    `Durable, pull, explicit acknowledgement, unlimited deliveries, pinned to one active process (group ${code(PIN_GROUP)}). INBOX has one for each lane.`,
    consumerTable(),
    "## Links",
    "A site connects as a leafnode. The accepting side holds the link to these lists, with the entries of `{peer}` once for each other site; everything else is refused. Every subject that crosses names the site that speaks.",
    linkTables(),
    "## Canonical events",
    "The data of each type; the envelope around it is `{id, type, v, siteId, roomId, revision, prev, rosterHash, actor, requestId, at, data}`.",
    eventTable(),
    "## Headers",
    headerTable(),
    "## Reply subjects",
    `A client request is answered only below ${code(`${userInboxPrefix("{homeSite}", "{account}")}.`)}, a server request only below ${code(`${serviceInboxPrefix("{fromSite}")}.`)}; anything else is dropped and counted.`,
    "## Limits",
    "Bytes, counts and milliseconds as the name says; `libs/contract/src/limits.ts`.",
    limitTable(),
  );
