import { randomUUID } from "node:crypto";

import { base62, byteOrder, userIdOf, uuidV7 } from "@parley/contract/ids";
import type { CanonicalMessage, CanonicalOf } from "@parley/contract/messages";
import type { MemberEntry } from "@parley/contract/shapes";
import { mongoMessageStore } from "@parley/mongo/message-store.mongo";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";

export const LONG_AGO = 1_750_000_000_000;

type RoomState = Parameters<RoomDocumentStore["insertIfAbsent"]>[0];
export type Change = {
  [T in Exclude<CanonicalMessage["type"], "created">]: Pick<
    Extract<CanonicalMessage, { type: T }>,
    "type" | "data" | "roomId" | "messageId"
  >;
}[Exclude<CanonicalMessage["type"], "created">];
type Participant = Pick<MemberEntry, "account" | "siteId" | "userId">;

const newId = (length: number): string => base62(randomUUID(), length);
export const newRoomId = (): string => newId(17);

export const messageOf = (
  siteId: string,
  of: { roomId: string; content?: string; keyFloor?: number; revision?: number },
) => {
  const messageId = newId(20);
  const { roomId, content = "a secret", keyFloor = 0, revision = 1 } = of;
  const sender = { account: "ann", kind: "person", name: "Ann" } as const;
  return {
    type: "created",
    v: 1,
    roomId,
    siteId,
    messageId,
    at: LONG_AGO,
    actor: { account: "ann", kind: "person" },
    requestId: uuidV7(),
    revision,
    keyFloor,
    data: { messageId, roomId, createdAt: LONG_AGO, sender, content },
  } satisfies CanonicalOf<"created">;
};

const memberOf = (siteId: string, account: string): MemberEntry => ({
  account,
  siteId,
  userId: userIdOf(account),
  kind: "person",
  role: "member",
  individual: true,
  viaOrgs: [],
  joinedAt: LONG_AGO,
  keyFrom: 0,
});

/** A dm as its first event leaves it. */
function directState(siteId: string, participants: readonly Participant[]): RoomState {
  const members = participants.map((each): MemberEntry => ({
    ...each,
    kind: "person",
    role: "owner",
    individual: true,
    viaOrgs: [],
    joinedAt: LONG_AGO,
    keyFrom: 0,
  }));
  const roomId = members
    .map(({ userId }) => userId)
    .toSorted(byteOrder)
    .join("");
  return {
    roomId,
    siteId,
    type: "dm",
    name: "",
    createdAt: LONG_AGO,
    revision: 1,
    chain: "",
    rosterHash: "",
    at: LONG_AGO,
    members: new Map(members.map((entry) => [entry.account, entry])),
    orgs: new Map(),
    keyVersion: 0,
    settings: { restricted: false, externalAccess: true },
    closed: false,
    recentRequests: [],
  };
}

/** A change of a message as message-service publishes it. */
export const changeOf = (siteId: string, of: Change): CanonicalMessage => ({
  v: 1,
  siteId,
  at: LONG_AGO + 5,
  actor: { account: "ann", kind: "person" },
  requestId: uuidV7(),
  revision: 1,
  keyFloor: 0,
  ...of,
});

/** Writes what the workers of a site would have projected. */
export function projection(database: Parameters<typeof mongoMessageStore>[0], siteId: string) {
  const rooms = mongoRoomDocumentStore(database);
  const subscriptions = mongoSubscriptionStore(database);
  const messages = mongoMessageStore(database);
  return {
    /** Projects a dm of these accounts, each at its site. */
    async direct(
      participants: readonly { account: string; siteId: string; userId: string }[],
    ): Promise<string> {
      const state = directState(siteId, participants);
      await rooms.insertIfAbsent(state);
      await rooms.commitApplied(state);
      return state.roomId;
    },

    /** Projects a channel of this site with these members. */
    async channel(members: readonly (Partial<MemberEntry> & { account: string })[]): Promise<string> {
      const entries = members.map((fields) => ({ ...memberOf(siteId, fields.account), ...fields }));
      const state: RoomState = {
        ...directState(siteId, []),
        roomId: newRoomId(),
        type: "channel",
        members: new Map(entries.map((entry) => [entry.account, entry])),
      };
      await subscriptions.put({ room: state, entries, revision: 1 });
      await rooms.insertIfAbsent(state);
      await rooms.commitApplied(state);
      return state.roomId;
    },

    /** Stores the row of a message as message-service does, created at `LONG_AGO`. */
    async row(roomId: string): Promise<string> {
      const message = messageOf(siteId, { roomId });
      await messages.insertIfAbsent({ ...message.data, requestId: message.requestId, canonical: true });
      return message.messageId;
    },
  };
}
