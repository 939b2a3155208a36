import { toBase64 } from "@parley/room-crypto/base64";
import { type RestingContent, sealContent } from "@parley/room-crypto/content-cipher";
import { createContentKey } from "@parley/room-crypto/content-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";

import { base64Of, bytesOf, bytesOfHex, flipped, ANCHOR as SEAL_ANCHOR } from "./seal-vectors.ts";

/** Everything that decides content at rest; the key is hex, binary is base64. */
interface ContentVectorInput {
  readonly contentKey: string;
  readonly kid: string;
  readonly nonce: string;
  readonly roomId: string;
  readonly entityId: string;
  readonly field: string;
  readonly plaintext: string;
}

/** Content that must not open, with what it is opened for. */
export interface OpenContentVectorInput {
  readonly contentKey: string;
  readonly kid: string;
  readonly roomId: string;
  readonly entityId: string;
  readonly field: string;
  readonly sealed: RestingContent;
}

export type ContentVector =
  | {
      readonly name: string;
      readonly input: ContentVectorInput;
      readonly expect: { readonly additionalData: string; readonly sealed: RestingContent };
    }
  | { readonly name: string; readonly input: OpenContentVectorInput; readonly expectError: "corrupt" };

const ANCHOR: ContentVectorInput = {
  contentKey: SEAL_ANCHOR.roomPrivateKey,
  kid: "0123456789abcdef0123456789abcdef",
  nonce: SEAL_ANCHOR.nonce,
  roomId: SEAL_ANCHOR.roomId,
  entityId: SEAL_ANCHOR.id,
  field: "body",
  plaintext: base64Of('{"content":"hello"}'),
};

function compute(input: ContentVectorInput): RestingContent {
  const { contentKey, nonce, roomId, kid, entityId, field, plaintext } = input;
  const key = createContentKey({ roomId, kid, bytes: bytesOfHex(contentKey) });
  const fixed = { ...nodeSuite, randomBytes: () => bytesOf(nonce) };
  return sealContent(fixed, key, { entityId, field, plaintext: bytesOf(plaintext) });
}

const additionalDataOf = ({ roomId, entityId, field }: ContentVectorInput): string =>
  base64Of(`parley.v1\ncontent\n${roomId}\n${entityId}\n${field}`);

const sealed = (name: string, change: Partial<ContentVectorInput> = {}): ContentVector => {
  const input = { ...ANCHOR, ...change };
  return { name, input, expect: { additionalData: additionalDataOf(input), sealed: compute(input) } };
};

const refused = (name: string, change: Partial<OpenContentVectorInput>): ContentVector => {
  const { contentKey, kid, roomId, entityId, field } = ANCHOR;
  return {
    name,
    input: { contentKey, kid, roomId, entityId, field, sealed: compute(ANCHOR), ...change },
    expectError: "corrupt",
  };
};

const shorter = (text: string): string => toBase64(bytesOf(text).subarray(1));

function negative(): ContentVector[] {
  const content = compute(ANCHOR);
  const changed = (name: string, change: Partial<RestingContent>) =>
    refused(name, { sealed: { ...content, ...change } });
  return [
    refused("another key", { contentKey: SEAL_ANCHOR.ephemeralPrivateKey }),
    refused("the id of another key", { kid: "fedcba9876543210fedcba9876543210" }),
    refused("another room", { roomId: "aSq00HrEHIPae2UHp" }),
    refused("another message", { entityId: "0000000000000000Msg2" }),
    refused("another field", { field: "topic" }),
    changed("a changed ciphertext", { ciphertext: flipped(content.ciphertext, 0) }),
    changed("a changed tag", { ciphertext: flipped(content.ciphertext, -1) }),
    changed("a changed nonce", { nonce: flipped(content.nonce, 11) }),
    changed("a nonce of 11 bytes", { nonce: shorter(content.nonce) }),
    changed("a ciphertext shorter than a tag", { ciphertext: toBase64(new Uint8Array(15)) }),
    changed("a ciphertext that is no base64", { ciphertext: `${content.ciphertext}=` }),
  ];
}

/** Content at rest: the anchor first, then every way in which opening must fail. */
export const contentVectors = (): ContentVector[] => [
  sealed("anchor"),
  sealed("another field of an entity", {
    entityId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
    field: "goal",
    plaintext: base64Of("finish it"),
  }),
  sealed("an id of one character, a direct message", {
    kid: "-",
    roomId: "aSq00HrEHIPae2UHpoRnNJiRm4DBwopLGo",
  }),
  sealed("nothing said", { plaintext: "" }),
  ...negative(),
];
