import {
  messageBody,
  type MessageBody,
  type MessageView,
  type SealedContent,
  type StoredMessage,
} from "@parley/contract/messages";
import type { Log } from "@parley/contract/observe";
import { OpenError } from "@parley/room-crypto/open-error";

import type { ContentKeys } from "./content-keys.ts";

type Message = Pick<MessageView, "roomId" | "messageId">;
/** What rests of a message's text: sealed, or in clear. */
export type RestingBody = { readonly body: SealedContent } | MessageBody;
/** What a message says, as far as it still opens. */
export type OpenedBody = Pick<MessageView, "content" | "attachments" | "contentState">;

/**
 * What messages say, at rest (SPEC-agents 1.4): bound to room and message, so that a body opens nowhere else.
 * What was changed or swapped in the stores reads as what is lost, and raises the alarm.
 * @throws Failure `store_unavailable`, KeyRecordError: as the content keys
 */
export interface MessageBodies {
  seal(of: Message, body: MessageBody): Promise<SealedContent>;
  /** What was stored in clear is handed on as it is. */
  open(of: Message, resting: RestingBody): Promise<OpenedBody>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const LOST = { content: "", contentState: "lost" } as const satisfies OpenedBody;

const placeOf = ({ roomId, messageId }: Message) => ({ roomId, entityId: messageId, field: "body" });

const bodyOf = ({ content, attachments }: MessageBody): MessageBody => ({
  content,
  ...(attachments && { attachments }),
});

/** The body, unless the bytes are none. What is wrong with them would quote them. */
function parsedBody(bytes: Uint8Array): MessageBody | undefined {
  try {
    return messageBody.safeParse(JSON.parse(decoder.decode(bytes))).data;
  } catch {
    return undefined;
  }
}

/** The plaintext; undefined when the body was changed since it was sealed, or is another message's. */
async function unsealed(keys: ContentKeys, message: Message, body: SealedContent) {
  try {
    return await keys.open(placeOf(message), body);
  } catch (error) {
    if (error instanceof OpenError) return undefined;
    throw error;
  }
}

export function createMessageBodies(of: {
  readonly keys: ContentKeys;
  readonly log: Pick<Log, "error">;
}): MessageBodies {
  const { keys, log } = of;
  return {
    seal: (message, body) => keys.seal(placeOf(message), encoder.encode(JSON.stringify(bodyOf(body)))),
    async open(message, resting) {
      if (!("body" in resting)) return bodyOf(resting);
      const bytes = await unsealed(keys, message, resting.body);
      if (bytes === "lost") return LOST;
      const body = bytes && parsedBody(bytes);
      const { roomId, messageId } = message;
      if (!body) log.error("message_body_corrupt", { roomId, messageId });
      return body ?? LOST;
    },
  };
}

/** The message as members see it. */
export async function openMessage(
  bodies: Pick<MessageBodies, "open">,
  stored: StoredMessage,
): Promise<MessageView> {
  const opened = await bodies.open(stored, stored);
  if (!("body" in stored)) return { ...stored, ...opened };
  const { body: _body, ...view } = stored;
  return { ...view, ...opened };
}
