import { randomBytes } from "node:crypto";

import type { Msg, NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { Failure } from "@parley/contract/failure";
import { HEADERS, serviceInboxPrefix } from "@parley/contract/headers";
import { newMessageId } from "@parley/contract/ids";
import type { MessageView, RoomEvent } from "@parley/contract/messages";
import { roomSubjects, userSubjects } from "@parley/contract/notices";
import type { AnyRequest } from "@parley/contract/request";
import { listRooms, type RoomListRow } from "@parley/contract/room-requests";
import { createKeyPair, type RoomKeyPair } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createSealer } from "@parley/room-crypto/sealer";

import type { ReplyOf } from "../src/request.ts";
import { keyText, peerRow, type RowChanges } from "./peer-row.ts";

/** A request as the peer's service side sees it. */
interface Asked {
  readonly tokens: Readonly<Record<string, string>>;
  readonly body: never;
  readonly requestId: string;
  /** 1 for the first request of this kind. */
  readonly count: number;
}

type Answer<D extends AnyRequest> = (
  asked: Asked,
) => ReplyOf<D> | "silence" | Promise<ReplyOf<D> | "silence">;

/** The service side of a site on a real broker: answers requests and publishes notices as the contract says. */
export interface PeerSite extends AsyncDisposable {
  readonly siteId: string;
  readonly connection: NatsConnection;
  /** Answers every later request of this kind; a thrown {@link Failure} becomes the envelope. */
  answer<D extends AnyRequest>(declaration: D, answer: Answer<D>): Promise<void>;
  /** What was asked so far, in order. */
  asked(declaration: AnyRequest): readonly Asked[];
  publish(subject: string, body: unknown): void;
}

/** A site of its own name, so that tests share a broker. */
export async function openPeerSite(natsUrl: string): Promise<PeerSite> {
  const siteId = `t${randomBytes(6).toString("hex")}`;
  const connection = await connect({ servers: natsUrl, inboxPrefix: serviceInboxPrefix(siteId) });
  const calls = new Map<string, Asked[]>();
  const answers = new Map<string, Answer<AnyRequest>>();

  const reply = async (declaration: AnyRequest, message: Msg): Promise<void> => {
    const held = calls.get(declaration.operation) ?? [];
    const requestId = message.headers?.get(HEADERS.requestId) ?? "";
    const asked: Asked = {
      tokens: declaration.subject.parse(message.subject),
      body: declaration.body.parse(message.json()) as never,
      requestId,
      count: held.length + 1,
    };
    calls.set(declaration.operation, [...held, asked]);
    try {
      const body = await answers.get(declaration.operation)?.(asked);
      if (body !== "silence") message.respond(JSON.stringify(body));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      message.respond(JSON.stringify(error.toEnvelope(requestId)));
    }
  };

  return {
    siteId,
    connection,
    async answer(declaration, answer) {
      const isKnown = answers.has(declaration.operation);
      answers.set(declaration.operation, answer as Answer<AnyRequest>);
      if (isKnown) return;
      connection.subscribe(declaration.subject.filter({ siteId }), {
        callback: (_error, message) => void reply(declaration, message),
      });
      await connection.flush();
    },
    asked: (declaration) => calls.get(declaration.operation) ?? [],
    publish: (subject, body) => connection.publish(subject, JSON.stringify(body)),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

export const newKey = (): RoomKeyPair => createKeyPair(nodeSuite.generatePair());

/** A channel with what its home site would publish about it. */
export interface PeerRoom {
  readonly roomId: string;
  readonly siteId: string;
  /** The account's row of `room.list`; `changes` go into room and subscription. */
  row(changes?: RowChanges): RoomListRow;
  message(content: string, createdAt?: number): MessageView;
  /** The sealed event of a message. */
  sealed(
    message: MessageView,
    under: { pair: RoomKeyPair; version: number; seq?: number; prevSeq?: number },
  ): RoomEvent;
  /** The sealed notice of what the room's event of this revision changed. */
  notice(
    of: { type: RoomEvent["type"]; revision: number; body: object },
    under: { pair: RoomKeyPair; version: number },
  ): RoomEvent;
  /** The sealed event of a change of a message. */
  changed(
    of: { type: RoomEvent["type"]; id: string; at: number; body: object },
    under: { pair: RoomKeyPair; version: number; seq?: number; prevSeq?: number },
  ): RoomEvent;
  say(event: RoomEvent): void;
  tellKey(account: string, key: { pair: RoomKeyPair; version: number }): void;
  tellUpdate(account: string, action: "added" | "removed" | "role_changed", revision: number): void;
}

const encoder = new TextEncoder();

/** A room homed at `site`. */
export function peerRoom(site: PeerSite): PeerRoom {
  const { siteId } = site;
  const roomId = newMessageId().slice(0, 17);
  const sealer = createSealer({ suite: nodeSuite, now: () => performance.now() });
  const row: PeerRoom["row"] = (changes) => peerRow({ roomId, siteId }, changes);
  const mine = (account: string) => ({ homeSite: siteId, account, fromSite: siteId });
  const changed: PeerRoom["changed"] = ({ type, id, at, body }, { pair, version, seq, prevSeq }) => {
    const context = { type, roomId, id, at };
    const plaintext = encoder.encode(JSON.stringify(body));
    return {
      ...context,
      siteId,
      ...(seq !== undefined && { seq }),
      ...(prevSeq !== undefined && { prevSeq }),
      revision: 1,
      sealed: sealer.seal({ ...context, version, publicKey: pair.publicKey, plaintext }),
    };
  };
  return {
    roomId,
    siteId,
    row,
    message: (content, createdAt = Date.now()) => ({
      messageId: newMessageId(),
      roomId,
      createdAt,
      sender: { account: "bob", userId: "aSq00HrEHIPae2UHp", kind: "person", name: "Bob" },
      content,
    }),
    sealed: (message, under) =>
      changed(
        { type: "message_created", id: message.messageId, at: message.createdAt, body: message },
        under,
      ),
    changed,
    notice: ({ type, revision, body }, under) => ({
      ...changed({ type, id: String(revision), at: Date.now(), body }, under),
      revision,
    }),
    say: (event) => site.publish(roomSubjects.event.of({ siteId, roomId }), event),
    tellKey(account, { pair, version }) {
      const body = { roomId, siteId, version, privateKey: keyText(pair), at: Date.now() };
      site.publish(userSubjects.roomKey.of(mine(account)), body);
    },
    tellUpdate(account, action, revision) {
      const { room, subscription } = row({ revision });
      const details = action === "removed" ? {} : { room, subscription };
      const body = { action, roomId, siteId, at: Date.now(), revision, by: "bob", ...details };
      site.publish(userSubjects.subscriptionUpdate.of(mine(account)), body);
    },
  };
}

/** Answers `room.list` with these rows. */
export const listing = (site: PeerSite, rows: () => readonly RoomListRow[]): Promise<void> =>
  site.answer(listRooms, () => ({ rooms: [...rows()], at: Date.now() }));
