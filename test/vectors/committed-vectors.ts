import { toBase64 } from "@parley/room-crypto/base64";
import { pairOfPrivateKey } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import {
  COMMITTED_ALGORITHM,
  type SealAlgorithm,
  sealAdditionalData,
  UNCOMMITTED_ALGORITHM,
} from "@parley/room-crypto/sealed";

import {
  ANCHOR,
  base64Of,
  bytesOf,
  bytesOfHex,
  computeSeal,
  flipped,
  type OpenVectorInput,
  scalarWhere,
  type SealVector,
  type SealVectorInput,
} from "./seal-vectors.ts";
import { twoKeyCiphertext } from "./two-key-ciphertext.ts";

/** Another room key than the anchor's, from the vectors without a commitment. */
const OTHER_ROOM_KEY = scalarWhere((scalar) => scalar);

const sealed = (name: string, change: Partial<SealVectorInput> = {}): SealVector => {
  const input = { ...ANCHOR, ...change };
  return { name, input, expect: computeSeal(input, COMMITTED_ALGORITHM) };
};

function positive(): SealVector[] {
  const roomPublicKey = bytesOf(computeSeal(ANCHOR, COMMITTED_ALGORITHM).roomPublicKey);
  const sharedSecret = (privateKey: Uint8Array) =>
    nodeSuite.sharedSecret({ privateKey, publicKey: roomPublicKey });
  return [
    sealed("anchor"),
    sealed("the room scalar begins with a zero byte", { roomPrivateKey: OTHER_ROOM_KEY }),
    sealed("the shared secret begins with a zero byte", { ephemeralPrivateKey: scalarWhere(sharedSecret) }),
    sealed("version 0, a direct message", { version: 0, roomId: "aSq00HrEHIPae2UHpoRnNJiRm4DBwopLGo" }),
    sealed("a room notice, its id a revision", {
      type: "members_removed",
      id: "7",
      plaintext: base64Of('{"accounts":["bob"]}'),
    }),
    sealed("the shortest body", { plaintext: base64Of("{}") }),
  ];
}

const refused = (name: string, change: Partial<OpenVectorInput>): SealVector => {
  const { roomPrivateKey, roomId, type, id, at } = ANCHOR;
  const body = { ...computeSeal(ANCHOR, COMMITTED_ALGORITHM).sealed };
  return {
    name,
    input: { roomPrivateKey, roomId, type, id, at, sealed: body, ...change },
    expectError: "corrupt",
  };
};

/** Bodies whose ciphertext opens under two room keys, each with the commitment to one of the two. */
export function twoKeyBodies(alg: SealAlgorithm): readonly OpenVectorInput[] {
  const roomPrivateKeys = [ANCHOR.roomPrivateKey, OTHER_ROOM_KEY] as const;
  const [one, other] = [
    computeSeal(ANCHOR, alg),
    computeSeal({ ...ANCHOR, roomPrivateKey: OTHER_ROOM_KEY }, alg),
  ];
  const ciphertext = twoKeyCiphertext({
    keys: [bytesOfHex(one.key), bytesOfHex(other.key)],
    nonce: bytesOf(ANCHOR.nonce),
    additionalData: sealAdditionalData(ANCHOR, ANCHOR.version),
  });
  const { roomId, type, id, at } = ANCHOR;
  return [one, other].flatMap(({ sealed: body }) =>
    roomPrivateKeys.map((roomPrivateKey) => ({
      roomPrivateKey,
      roomId,
      type,
      id,
      at,
      sealed: { ...body, ciphertext: toBase64(ciphertext) },
    })),
  );
}

function twoKeys(): SealVector[] {
  const [, oneByOther, otherByOne] = twoKeyBodies(COMMITTED_ALGORITHM);
  return [
    refused("a ciphertext of two keys, opened with the second, committed to the first", { ...oneByOther }),
    refused("a ciphertext of two keys, opened with the first, committed to the second", { ...otherByOne }),
  ];
}

function negative(): SealVector[] {
  const body = computeSeal(ANCHOR, COMMITTED_ALGORITHM).sealed;
  const changed = (name: string, change: Readonly<Record<string, unknown>>) =>
    refused(name, { sealed: { ...body, ...change } });
  const commitment = bytesOf(body.commitment ?? "");
  const { commitment: _left, ...withoutCommitment } = body;
  const otherPoint = pairOfPrivateKey(nodeSuite, bytesOfHex(OTHER_ROOM_KEY)).publicKey;
  const uncommitted = computeSeal(ANCHOR, UNCOMMITTED_ALGORITHM).sealed;
  const ofOtherKey = computeSeal({ ...ANCHOR, roomPrivateKey: OTHER_ROOM_KEY }, COMMITTED_ALGORITHM).sealed;
  return [
    refused("another room key", { roomPrivateKey: OTHER_ROOM_KEY }),
    refused("another room", { roomId: "aSq00HrEHIPae2UHpoRnNJiRm4DBwopLGo" }),
    refused("another type", { type: "message_edited" }),
    refused("another id", { id: "0000000000000000Msg2" }),
    refused("another moment", { at: ANCHOR.at + 1 }),
    changed("another version", { version: 4 }),
    changed("a commitment changed in its first byte", { commitment: flipped(body.commitment ?? "", 0) }),
    changed("a commitment changed in its last byte", { commitment: flipped(body.commitment ?? "", -1) }),
    changed("the commitment to another key", { commitment: ofOtherKey.commitment }),
    changed("an empty commitment", { commitment: "" }),
    changed("a commitment of 31 bytes", { commitment: toBase64(commitment.subarray(0, 31)) }),
    changed("a commitment of 33 bytes", { commitment: toBase64(new Uint8Array([...commitment, 0])) }),
    changed("a commitment that is no text", { commitment: 7 }),
    refused("no commitment", { sealed: withoutCommitment }),
    changed("the name of the algorithm without a commitment", { alg: UNCOMMITTED_ALGORITHM }),
    refused("a body without a commitment that is given one", {
      sealed: { ...uncommitted, alg: COMMITTED_ALGORITHM, commitment: body.commitment },
    }),
    changed("a changed ciphertext", { ciphertext: flipped(body.ciphertext, 0) }),
    changed("a changed tag", { ciphertext: flipped(body.ciphertext, -1) }),
    changed("a changed nonce", { nonce: flipped(body.nonce, 11) }),
    changed("another point of the curve", { ephemeralPublicKey: toBase64(otherPoint) }),
    ...twoKeys(),
  ];
}

/** Sealing and opening with a commitment to the key: the anchor first, then every way it must fail. */
export const committedVectors = (): SealVector[] => [...positive(), ...negative()];
