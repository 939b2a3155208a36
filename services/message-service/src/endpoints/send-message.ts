import type { MessageBodies, OpenedBody } from "@parley/content-keys/message-bodies";
import { displayNameOf } from "@parley/contract/directory";
import { canonicalSubjects } from "@parley/contract/events";
import { messageIds } from "@parley/contract/headers";
import { sendMessage, type MessageBody, type SealedContent } from "@parley/contract/messages";
import type { AccountKind } from "@parley/contract/shapes";
import type { AccountRate, Rate } from "@parley/messaging/account-rate";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import { encodeJson, type StreamPublish } from "@parley/messaging/publish";
import type { SiteClock } from "@parley/messaging/site-clock";
import type { MessageRow, MessageStore } from "@parley/mongo/message-store";

import type { KeyFloor } from "../key-floor.ts";
import type { Projection } from "../projection.ts";
import { admitWriter, assertMayName, assertMayPost, assertSameMessage, createdAtOf } from "../rules/admit.ts";
import { canonicalOf } from "../rules/canonical-of.ts";

interface Deps {
  readonly siteId: string;
  readonly clock: Pick<SiteClock, "now">;
  readonly messages: Pick<MessageStore, "find" | "insertIfAbsent">;
  readonly bodies: MessageBodies;
  readonly project: Projection;
  readonly keyFloor: KeyFloor;
  readonly accountRate: AccountRate;
  readonly rates: Readonly<Record<AccountKind, Rate>>;
  /** Rooms with more members are large; 0: none is. */
  readonly largeRoomThreshold: number;
  /** Resolves when MESSAGES_CANONICAL has acknowledged. */
  readonly publish: (of: StreamPublish) => Promise<unknown>;
}

/** What the message that stands says; the one just sealed need not be opened. */
async function saidBy(
  bodies: MessageBodies,
  of: { readonly standing: MessageRow; readonly sealed: SealedContent; readonly said: MessageBody },
): Promise<OpenedBody> {
  const { standing, sealed, said } = of;
  const isOurs = "body" in standing && standing.body.nonce === sealed.nonce;
  return isOurs ? said : bodies.open(standing, standing);
}

/**
 * The gatekeeper: what it says sealed once, the message's row, then its canonical message with the row's bytes; the reply
 * means that both are stored. A repeat keeps the row's time and publishes nothing that MESSAGES_CANONICAL is known to hold.
 */
export function sendMessageEndpoint(deps: Deps): Endpoint {
  const { siteId, clock, messages, bodies, project, publish } = deps;
  const named = async (roomId: string, messageId: string | undefined) =>
    messageId === undefined ? undefined : { row: await messages.find(roomId, messageId) };

  return userEndpoint(sendMessage, async ({ tokens, body, caller, actor, requestId, trace }) => {
    const { roomId } = tokens;
    const { account, userId, kind } = caller;
    const [projected, replyTo, threadOf] = await Promise.all([
      project(roomId, account),
      named(roomId, body.replyTo),
      named(roomId, body.threadOf),
    ]);
    const admitted = admitWriter(projected);
    assertMayPost(admitted, { kind, threshold: deps.largeRoomThreshold });
    assertMayName(admitted, { replyTo, threadOf });
    deps.accountRate.take(account, deps.rates[kind]);

    // Before anything is stored: a refusal here leaves nothing behind.
    const keyVersion = await deps.keyFloor(admitted.room, { roomId, messageId: body.messageId, trace });
    const room = { ...admitted.room, keyVersion };

    const { content, attachments, ...meta } = body;
    const said = { content, attachments };
    const sealed = await bodies.seal({ roomId, messageId: body.messageId }, said);
    const sent = {
      ...meta,
      body: sealed,
      roomId,
      createdAt: createdAtOf(admitted.room, clock.now()),
      sender: { account, userId, kind, name: displayNameOf(caller) },
      requestId,
      canonical: false,
    };
    const row = await messages.insertIfAbsent(sent);
    const standing = await saidBy(bodies, { standing: row, sealed, said });
    assertSameMessage({ ...row, ...standing }, { ...sent, ...said });

    const { messageId, createdAt } = row;
    if (!row.canonical)
      await publish({
        subject: canonicalSubjects.messageAppend.of({ siteId, roomId, type: "created" }),
        payload: encodeJson(canonicalOf(row, { room, actor })),
        messageId: messageIds.messageCreated(roomId, messageId),
        trace,
      });
    return { status: "ok" as const, messageId, createdAt };
  });
}
