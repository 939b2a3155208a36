import {
  messageNotices,
  type MessageNotices,
  messageView,
  type MessageView,
  type RoomEvent,
  typingNotice,
} from "@parley/contract/messages";
import { roomNotices, type RoomNotices } from "@parley/contract/notices";
import type { RoomKeyPair } from "@parley/room-crypto/key-pair";
import { OpenError } from "@parley/room-crypto/open-error";
import type { Opener } from "@parley/room-crypto/opener";
import { parseSealed } from "@parley/room-crypto/sealed";

/** Plaintexts by event type. */
interface Plaintexts extends RoomNotices, MessageNotices {
  readonly message_created: MessageView;
  readonly typing: { readonly account: string };
}

/** An opened event: its plaintext has the form its type promises. */
export type OpenedBody = {
  [T in RoomEvent["type"]]: { readonly type: T; readonly body: Plaintexts[T] };
}[RoomEvent["type"]];

type Parsed = { readonly success: true; readonly data: unknown } | { readonly success: false };
const SCHEMAS: { readonly [T in RoomEvent["type"]]: { safeParse(value: unknown): Parsed } } = {
  message_created: messageView,
  ...messageNotices,
  typing: typingNotice,
  ...roomNotices,
};
/** Whether an event is a message or a change of one, as opposed to a notice of the room. */
export const isOfMessage = (type: RoomEvent["type"]): boolean =>
  type === "message_created" || Object.hasOwn(messageNotices, type);

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * What is wrong with a sealed body before any key is looked for.
 * @returns undefined when its form is right
 */
export function malformation(event: RoomEvent): OpenError["reason"] | undefined {
  try {
    parseSealed(event.sealed);
    return undefined;
  } catch (error) {
    if (error instanceof OpenError) return error.reason;
    throw error;
  }
}

function plaintextOf(opener: Opener, event: RoomEvent, pair: RoomKeyPair): unknown {
  const { sealed, type, roomId, id, at } = event;
  const bytes = opener.open({ sealed, privateKey: pair.privateKey, type, roomId, id, at });
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw new OpenError("corrupt");
    throw error;
  }
}

/** Of a message: whether the plaintext is of the one that the event names. */
function isOfItsEvent({ type, roomId, id }: RoomEvent, body: unknown): boolean {
  if (type === "message_created" && (body as MessageView).roomId !== roomId) return false;
  return !isOfMessage(type) || (body as Pick<MessageView, "messageId">).messageId === id;
}

/**
 * Opens an event with the key of its version.
 * @throws {OpenError} when it does not open or does not hold what its type promises
 */
export function openEvent(opener: Opener, event: RoomEvent, pair: RoomKeyPair): OpenedBody {
  const plaintext = plaintextOf(opener, event, pair);
  const { type } = event;
  const parsed = SCHEMAS[type].safeParse(plaintext);
  if (!parsed.success || !isOfItsEvent(event, parsed.data)) throw new OpenError("corrupt");
  return { type, body: parsed.data } as OpenedBody;
}
