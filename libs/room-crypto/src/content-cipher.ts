import { toBase64 } from "./base64.ts";
import { linesBytes } from "./bytes.ts";
import type { ContentKey } from "./content-key.ts";
import type { CryptoSuite } from "./crypto-suite.ts";
import { NONCE_BYTES, TAG_BYTES } from "./crypto-suite.ts";
import { OpenError } from "./open-error.ts";
import { receivedBytes } from "./received-bytes.ts";

/** Which text is sealed: a field of an entity, such as the `body` of a message. It opens as no other. */
export interface ContentPlace {
  readonly entityId: string;
  readonly field: string;
}

/** Content at rest; binary is standard base64 with padding. */
export interface RestingContent {
  /** The id of the content key that opens it. */
  readonly kid: string;
  /** 12 bytes. */
  readonly nonce: string;
  /** The tag of 16 bytes is appended. */
  readonly ciphertext: string;
}

const additionalDataOf = (roomId: string, { entityId, field }: ContentPlace): Uint8Array =>
  linesBytes("parley.v1", "content", roomId, entityId, field);

/**
 * Seals under a room's content key (SPEC-agents 1.4): AES-256-GCM, bound to room, entity and field. The nonce is random
 * and the key never changes, so a room may hold 2^32 sealed texts before two share a nonce with a chance above 2^-32
 * (NIST SP 800-38D, 8.3).
 */
export function sealContent(
  suite: Pick<CryptoSuite, "randomBytes" | "sealAesGcm">,
  key: ContentKey,
  { plaintext, ...place }: ContentPlace & { readonly plaintext: Uint8Array },
): RestingContent {
  const nonce = suite.randomBytes(NONCE_BYTES);
  const additionalData = additionalDataOf(key.roomId, place);
  const ciphertext = suite.sealAesGcm({ key: key.bytes, nonce, additionalData, data: plaintext });
  return { kid: key.kid, nonce: toBase64(nonce), ciphertext: toBase64(ciphertext) };
}

/**
 * What {@link sealContent} sealed, for the key whose id it names.
 * @throws {OpenError} `corrupt`: malformed, changed, or of another key, room, entity or field
 */
export function openContent(
  suite: Pick<CryptoSuite, "openAesGcm">,
  key: ContentKey,
  { sealed, ...place }: ContentPlace & { readonly sealed: RestingContent },
): Uint8Array {
  if (sealed.kid !== key.kid) throw new OpenError("corrupt");
  const opened = suite.openAesGcm({
    key: key.bytes,
    nonce: receivedBytes(sealed.nonce, (length) => length === NONCE_BYTES),
    additionalData: additionalDataOf(key.roomId, place),
    data: receivedBytes(sealed.ciphertext, (length) => length >= TAG_BYTES),
  });
  if (opened === undefined) throw new OpenError("corrupt");
  return opened;
}
