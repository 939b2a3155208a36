import { CONSUMERS, inboxLane, LOCAL_LANE, type ConsumerDeclaration } from "@parley/contract/consumers";
import { canonicalSubjects } from "@parley/contract/events";
import { OUTBOX_TYPES } from "@parley/contract/federation";
import { OPERATOR_INBOX_PREFIX, serviceInboxPrefix, userInboxPrefix } from "@parley/contract/headers";
import { typing } from "@parley/contract/message-requests";
import { clientSubjects, roomSubjects, userSubjects } from "@parley/contract/notices";
import type { ProcessName } from "@parley/contract/processes";
import {
  ensureKey,
  getContentKey,
  getRoomKey,
  listRemoteMembers,
  openDirect,
  pingSite,
  retireAccount,
  roomInfo,
} from "@parley/contract/server-requests";
import { STREAM_OWNERS, streamDeclarations, streamName, type StreamName } from "@parley/contract/streams";

/** The subjects a broker user may use; everything else is refused. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** What a client of an account may do at the account's home site (SPEC-rooms 1.1, Credentials). */
export function accountPermissions(owner: { homeSite: string; account: string }): Permissions {
  const user = `chat.user.${owner.homeSite}.${owner.account}`;
  return {
    publish: [`${user}.request.>`, `${user}.room.>`],
    subscribe: [
      `${user}.event.>`,
      `${user}.response.>`,
      roomSubjects.event.filter(),
      `${roomSubjects.event.filter()}.>`,
      `${userInboxPrefix(owner.homeSite, owner.account)}.>`,
    ],
  };
}

/**
 * What a process of a site may do: publish only what the contract lets it publish, hear only what it answers.
 * Nobody may purge or delete a stream or a message, and only a stream's owner may create it. Of `peers` only those
 * processes know that work on the lane of each.
 */
export function processPermissions(
  process: ProcessName,
  siteId: string,
  peers: readonly string[] = [],
): Permissions {
  const { publish, subscribe } = PROCESS_RIGHTS[process](siteId);
  return {
    publish: [
      ...publish,
      "$JS.API.INFO",
      ...ownedStreams(process).map((stream) => `$JS.API.STREAM.CREATE.${streamName(stream, siteId)}`),
      ...consumersOf(process, siteId, peers).flatMap((consumer) => consumerRights(consumer, siteId)),
    ],
    subscribe: [...subscribe, `${processInboxPrefix(process, siteId)}.>`],
  };
}

/**
 * What an operator needs to look into the streams and to send a parked message back (docs/operations.md): reading all of
 * them, and publishing accepted messages anew. Rooms come back by a mark in MongoDB, without any right here.
 */
export function operatorPermissions(siteId: string): Permissions {
  return {
    publish: [
      "$JS.API.INFO",
      "$JS.API.STREAM.INFO.*",
      "$JS.API.STREAM.MSG.GET.*",
      canonicalSubjects.messageAppend.filter({ siteId }),
    ],
    subscribe: [`${OPERATOR_INBOX_PREFIX}.>`],
  };
}

/** Under which a process receives its replies; no other process of the site can read them. */
export function processInboxPrefix(process: ProcessName, siteId: string): string {
  return `${serviceInboxPrefix(siteId)}.${process}`;
}

/**
 * What a site that connects to another takes from nobody, whatever the accepting side lets pass. It protects the site's
 * streams; who speaks for whom can only be held by the accepting side, for an allow list exists there alone.
 */
export function deniedImports(siteId: string): readonly string[] {
  const api = `$JS.${siteId}.API`;
  // Peers make consumers of OUTBOX, each of its own lane.
  const { OUTBOX, ...others } = streamDeclarations(siteId);
  return [
    ...[OUTBOX, ...Object.values(others)].flatMap(({ subjects }) => subjects),
    `${api}.INFO`,
    `${api}.STREAM.>`,
    `${api}.DIRECT.>`,
    `${api}.CONSUMER.DURABLE.>`,
    `${api}.CONSUMER.DELETE.>`,
    `${api}.CONSUMER.MSG.>`,
    ...Object.values(others).flatMap(({ name }) => [
      `${api}.CONSUMER.CREATE.${name}`,
      `${api}.CONSUMER.CREATE.${name}.>`,
    ]),
  ];
}

const PROCESS_RIGHTS: Readonly<Record<ProcessName, (siteId: string) => Permissions>> = {
  "room-service": (siteId) => ({
    publish: [
      ...repliesToClients,
      ...repliesToProcesses,
      canonicalSubjects.roomAppend.filter({ siteId }),
      // What its own accounts say of themselves, for their other clients and for the homes of their rooms.
      userSubjects.subscriptionUpdate.filter({ homeSite: siteId, fromSite: siteId }),
      canonicalSubjects.outbox.filter({ siteId, type: OUTBOX_TYPES.memberState }),
      canonicalSubjects.outboxDevices.filter({ siteId }),
      openDirect.subject.filter({ fromSite: siteId }),
      listRemoteMembers.subject.filter({ fromSite: siteId }),
      // The import asks with room-service's own login.
      retireAccount.subject.of({ siteId, fromSite: siteId }),
      getRoomKey.subject.filter({ fromSite: siteId }),
      roomInfo.subject.filter({ fromSite: siteId }),
      pingSite.subject.filter({ fromSite: siteId }),
      ...readStream("ROOMS", siteId),
      ...compareStream("OUTBOX", siteId),
    ],
    subscribe: [
      `chat.user.*.*.request.room.${siteId}.>`,
      `chat.user.*.*.request.room.*.${siteId}.member.>`,
      `chat.user.*.*.request.room.*.${siteId}.room.>`,
      `chat.user.*.*.request.room.*.${siteId}.key.>`,
      `chat.user.*.*.request.orgs.*.${siteId}.>`,
      `chat.user.*.*.request.room.*.${siteId}.message.>`,
      `chat.user.*.*.request.room.*.${siteId}.mute`,
      `chat.user.*.*.request.room.*.${siteId}.favourite`,
      `chat.user.*.*.request.device.${siteId}.>`,
      `chat.user.*.*.request.directory.${siteId}.>`,
      `chat.user.*.*.request.site.${siteId}.>`,
      `chat.server.request.room.${siteId}.>`,
      `chat.server.request.roomkey.${siteId}.>`,
      `chat.server.request.site.${siteId}.>`,
    ],
  }),
  "room-worker": (siteId) => ({
    publish: [
      userSubjects.subscriptionUpdate.filter({ fromSite: siteId }),
      userSubjects.roomKey.filter({ fromSite: siteId }),
      userSubjects.response.filter({ fromSite: siteId }),
      roomSubjects.event.filter({ siteId }),
      roomSubjects.member.filter({ siteId }),
      canonicalSubjects.messageAppend.filter({ siteId, type: "created" }),
      canonicalSubjects.outbox.filter({ siteId }),
      canonicalSubjects.dead.filter({ siteId, process: "room-worker" }),
      ensureKey.subject.of({ siteId, fromSite: siteId }),
      ...readStream("ROOMS", siteId),
      ...compareStream("MESSAGES_CANONICAL", siteId),
      ...compareStream("OUTBOX", siteId),
      ...compareStream("DEAD", siteId),
    ],
    subscribe: [clientSubjects.keyAck.filter({ siteId })],
  }),
  "inbox-worker": (siteId) => ({
    publish: [
      // What it applies came from other sites, and concerns nobody but its own accounts.
      userSubjects.subscriptionUpdate.filter({ homeSite: siteId, fromSite: siteId }),
      canonicalSubjects.dead.filter({ siteId, process: "inbox-worker" }),
      getRoomKey.subject.filter({ fromSite: siteId }),
      getContentKey.subject.filter({ fromSite: siteId }),
      pingSite.subject.filter({ fromSite: siteId }),
      ...readStream("INBOX", siteId),
      // Its sources are declared anew for each set of peers, and when a link has come back.
      `$JS.API.STREAM.UPDATE.${streamName("INBOX", siteId)}`,
      ...compareStream("DEAD", siteId),
    ],
    subscribe: [],
  }),
  "message-service": (siteId) => ({
    publish: [
      ...repliesToClients,
      canonicalSubjects.messageAppend.filter({ siteId }),
      canonicalSubjects.dead.filter({ siteId, process: "message-service" }),
      ensureKey.subject.of({ siteId, fromSite: siteId }),
      ...readStream("MESSAGES_CANONICAL", siteId),
      ...compareStream("DEAD", siteId),
    ],
    subscribe: [`chat.user.*.*.request.room.*.${siteId}.msg.>`],
  }),
  "broadcast-worker": (siteId) => ({
    publish: [
      roomSubjects.event.filter({ siteId }),
      roomSubjects.typing.filter({ siteId }),
      userSubjects.room.filter({ fromSite: siteId }),
      canonicalSubjects.dead.filter({ siteId, process: "broadcast-worker" }),
      ensureKey.subject.of({ siteId, fromSite: siteId }),
      ...readStream("MESSAGES_CANONICAL", siteId),
      ...compareStream("DEAD", siteId),
    ],
    subscribe: [typing.filter({ siteId })],
  }),
};

const repliesToClients = [`${userInboxPrefix("*", "*")}.>`];
const repliesToProcesses = [`${serviceInboxPrefix("*")}.>`];

/** Seeing a stream's settings and clock. */
function compareStream(stream: StreamName, siteId: string): string[] {
  return [`$JS.API.STREAM.INFO.${streamName(stream, siteId)}`];
}

/** Reading stored messages too: from any replica (direct) and from the leader. */
function readStream(stream: StreamName, siteId: string): string[] {
  const name = streamName(stream, siteId);
  return [
    ...compareStream(stream, siteId),
    `$JS.API.STREAM.MSG.GET.${name}`,
    `$JS.API.DIRECT.GET.${name}`,
    `$JS.API.DIRECT.GET.${name}.>`,
  ];
}

function ownedStreams(process: ProcessName): StreamName[] {
  return Object.entries(STREAM_OWNERS)
    .filter(([, owner]) => owner === process)
    .map(([stream]) => stream as StreamName);
}

function consumersOf(process: ProcessName, siteId: string, peers: readonly string[]): ConsumerDeclaration[] {
  const lanes = [LOCAL_LANE, ...peers].map((lane) => inboxLane(siteId, lane));
  return [...Object.values(CONSUMERS), ...lanes].filter((consumer) => consumer.process === process);
}

/** Making, pulling, unpinning and settling a consumer of the process's own. */
function consumerRights({ stream, durable, filter }: ConsumerDeclaration, siteId: string): string[] {
  const consumer = `${streamName(stream, siteId)}.${durable}`;
  return [
    // One with a filter is made under a name that ends in it, so it can be given no other.
    `$JS.API.CONSUMER.CREATE.${filter === undefined ? consumer : `${consumer}.${filter}`}`,
    ...(filter === undefined ? [`$JS.API.CONSUMER.DURABLE.CREATE.${consumer}`] : []),
    `$JS.API.CONSUMER.INFO.${consumer}`,
    `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
    `$JS.API.CONSUMER.UNPIN.${consumer}`,
    `$JS.ACK.${consumer}.>`,
  ];
}
