import {
  CANONICAL_REVISION,
  CANONICAL_TYPES,
  canonicalMessage,
  type CanonicalMessage,
} from "@parley/contract/messages";
import { z } from "zod";

import { Unprocessable } from "./park.ts";
import type { StreamMessage } from "./stream-message.ts";

/** A newer release wrote it: it waits for the upgrade. */
export class OfNewerRelease extends Error {
  override readonly name = "OfNewerRelease";
}

/** What every canonical message has, also one of a newer release. */
const envelope = z.object({ type: z.string(), v: z.int().positive() });

const decoder = new TextDecoder("utf-8", { fatal: true });

function jsonOf(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch (cause) {
    throw new Unprocessable("the bytes are not UTF-8 JSON", { cause });
  }
}

/** The room a message of MESSAGES_CANONICAL belongs to, be it garbage: only its subject is looked at. */
export const roomOfMessage = ({ subject }: Pick<StreamMessage, "subject">): string =>
  subject.split(".")[5] ?? "";

const belongsUnder = (subject: string, { siteId, roomId, type }: CanonicalMessage): boolean => {
  const [, , , subjectSite, , subjectRoom, subjectType] = subject.split(".");
  return subjectSite === siteId && subjectRoom === roomId && subjectType === type;
};

/**
 * Reads a message of MESSAGES_CANONICAL; unknown fields are ignored.
 * @throws Unprocessable when it is none, or does not belong under its subject
 * @throws OfNewerRelease
 */
export function readCanonicalMessage(message: Pick<StreamMessage, "subject" | "payload">): CanonicalMessage {
  const json = jsonOf(message.payload);
  const head = envelope.safeParse(json);
  if (!head.success) throw new Unprocessable("the bytes are no canonical message");
  const isKnown = CANONICAL_TYPES.some((type) => type === head.data.type);
  if (!isKnown || head.data.v > CANONICAL_REVISION.withBody)
    throw new OfNewerRelease("a canonical message of a type that this release does not know");
  const { success, data } = canonicalMessage.safeParse(json);
  if (!success) throw new Unprocessable("the message is not one of its type");
  if (!belongsUnder(message.subject, data))
    throw new Unprocessable("the message belongs under another subject");
  return data;
}
