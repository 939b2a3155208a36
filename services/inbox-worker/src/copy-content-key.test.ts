import type { HeldContentKey } from "@parley/content-keys/content-key-store";
import { Failure } from "@parley/contract/failure";
import { toBase64 } from "@parley/room-crypto/base64";
import { type ContentKey, freshContentKey } from "@parley/room-crypto/content-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { expect, test } from "vitest";

import { laneMessage } from "../test/lane.ts";
import { createCopyContentKey } from "./copy-content-key.ts";

const ROOM = "r".repeat(17);
const key = freshContentKey(nodeSuite, ROOM);
const { trace } = laneMessage({
  siteId: "site-a",
  dest: "site-b",
  roomId: ROOM,
  type: "x",
  payload: new Uint8Array(),
});

/** A site that holds `held`, and a home that answers as told. */
function setUp(answer: object, held: HeldContentKey | null = null) {
  const asked: unknown[] = [];
  const kept: (ContentKey | { roomId: string; revision: number })[] = [];
  const copy = createCopyContentKey({
    contentKeys: {
      find: async () => held,
      async copy(copied) {
        kept.push(copied);
        return { status: "key", key: copied };
      },
      async copyErased(erased) {
        kept.push(erased);
        return { status: "erased", revision: erased.revision };
      },
    },
    peers: {
      async ask(declaration, { peer, body, timeoutMs }) {
        asked.push({ operation: declaration.operation, peer, body, timeoutMs });
        if (answer instanceof Failure) throw answer;
        return declaration.reply.parse({ roomId: ROOM, ...answer });
      },
    },
    timeoutMs: 70,
  });
  return { asked, kept, copy: () => copy({ home: "site-a", roomId: ROOM, revision: 5, trace }) };
}

test("a key that the home has is kept as it is", async () => {
  const { asked, kept, copy } = setUp({ kid: key.kid, key: toBase64(key.bytes) });
  await copy();

  expect(asked).toEqual([
    { operation: "roomkey.content", peer: "site-a", body: { roomId: ROOM }, timeoutMs: 70 },
  ]);
  expect(kept).toEqual([key]);
  expect(kept[0]).toHaveProperty("bytes", key.bytes);
});

test("a home that erased it is believed, and one that has none yet ends the copy", async () => {
  const erased = setUp({ erased: true });
  await erased.copy();
  expect(erased.kept).toEqual([{ roomId: ROOM, revision: 5 }]);

  const none = setUp({});
  await none.copy();
  expect(none.kept).toEqual([]);
});

test.each([{ status: "key", key } as const, { status: "erased", revision: 3 } as const])(
  "nothing is asked where the site knows: $status",
  async (held) => {
    const { asked, kept, copy } = setUp({ erased: true }, held);
    await copy();

    expect([asked, kept]).toEqual([[], []]);
  },
);

test.each([
  ["a key of another length", { kid: key.kid, key: toBase64(key.bytes.subarray(1)) }],
  ["a key of another room", { roomId: "x".repeat(17), kid: key.kid, key: toBase64(key.bytes) }],
  ["a refusal", new Failure("home_site_unreachable")],
])("%s is kept nowhere, and its bytes are not told", async (_what, answer) => {
  const { kept, copy } = setUp(answer);
  const error = await copy().catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(Error);
  expect(String(error)).not.toContain(toBase64(key.bytes).slice(0, 16));
  expect(kept).toEqual([]);
});
