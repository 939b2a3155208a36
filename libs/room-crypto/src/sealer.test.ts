import { expect, test } from "vitest";

import { nodeSuite } from "./node-suite.ts";
import { open } from "./opener.ts";
import { createSealer, type SealInput } from "./sealer.ts";

const room = nodeSuite.generatePair();
const plaintext = new TextEncoder().encode('{"content":"hello"}');
const message: SealInput = {
  roomId: "jHjHNiEuCoJo8Nrzp",
  version: 3,
  publicKey: room.publicKey,
  type: "message_created",
  id: "0000000000000000Msg1",
  at: 1_750_000_002_000,
  plaintext,
};

function sealerAt(
  limits: { ephemeralMessagesMax?: number; ephemeralAgeMaxMs?: number; roomsMax?: number } = {},
) {
  let nowMs = 0;
  const sealer = createSealer({ suite: nodeSuite, now: () => nowMs, ...limits });
  return {
    seal: (change: Partial<SealInput> = {}) => sealer.seal({ ...message, ...change }),
    point: (change: Partial<SealInput> = {}) => sealer.seal({ ...message, ...change }).ephemeralPublicKey,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("what is sealed with one half opens with the other", () => {
  const sealed = sealerAt().seal();

  expect(open(nodeSuite, { ...message, sealed, privateKey: room.privateKey })).toEqual(plaintext);
});

test("the commitment belongs to the key: all bodies of an ephemeral pair carry it, and no other's", () => {
  const { seal } = sealerAt();
  const [one, same, other] = [seal(), seal(), seal({ version: 4 })];

  expect(Buffer.from(one.commitment ?? "", "base64")).toHaveLength(32);
  expect(same.commitment).toBe(one.commitment);
  expect(other.commitment).not.toBe(one.commitment);
});

// R74
test("one ephemeral pair serves 1000 messages of a room and version, not one more", () => {
  const { point } = sealerAt();
  const points = Array.from({ length: 1001 }, () => point());

  expect(new Set(points.slice(0, 1000)).size).toBe(1);
  expect(points[1000]).not.toBe(points[0]);
});

// R74
test("one ephemeral pair serves 5 minutes, not longer", () => {
  const { point, pass } = sealerAt();
  const first = point();
  pass(299_999);
  const late = point();
  pass(1);

  expect(late).toBe(first);
  expect(point()).not.toBe(first);
});

// R74
test("rooms and versions never share an ephemeral pair", () => {
  const { point } = sealerAt();

  expect(new Set([point(), point({ version: 4 }), point({ roomId: "aaaaaaaaaaaaaaaaa" })]).size).toBe(3);
});

test("seals for the key it is given, also when another came under the same version before", () => {
  const { seal } = sealerAt();
  const replaced = nodeSuite.generatePair();
  seal();
  const sealed = seal({ publicKey: replaced.publicKey });

  expect(open(nodeSuite, { ...message, sealed, privateKey: replaced.privateKey })).toEqual(plaintext);
});

test("keeps the pairs of a limited number of rooms", () => {
  const { point } = sealerAt({ roomsMax: 1 });
  const first = point();
  point({ roomId: "aaaaaaaaaaaaaaaaa" });

  expect(point()).not.toBe(first);
});

test("never uses a nonce twice under one ephemeral pair", () => {
  const { seal } = sealerAt();
  const nonces = Array.from({ length: 200 }, () => seal().nonce);

  expect(new Set(nonces).size).toBe(200);
});
