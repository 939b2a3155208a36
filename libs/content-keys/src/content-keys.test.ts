import { inspect } from "node:util";

import { freshContentKey } from "@parley/room-crypto/content-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { afterEach, expect, test, vi } from "vitest";

import type { ContentKeyStore, HeldContentKey } from "./content-key-store.ts";
import { createContentKeys } from "./content-keys.ts";

const ROOM = "jHjHNiEuCoJo8Nrzp";
const BODY = { roomId: ROOM, entityId: "0000000000000000Msg1", field: "body" };
const plaintext = Buffer.from("what was said");
const key = freshContentKey(nodeSuite, ROOM);

afterEach(() => void vi.useRealTimers());

/** Content keys over a store that answers `ensure` and `named` alike, with what it was asked. */
function contentKeysOver(held: HeldContentKey | "lost") {
  const asked: string[] = [];
  const store: Pick<ContentKeyStore, "ensure" | "named"> = {
    async ensure(roomId) {
      asked.push(`ensure ${roomId}`);
      return held === "lost" ? expect.fail("nothing is lost before it is made") : held;
    },
    async named({ roomId, kid }) {
      asked.push(`named ${roomId} ${kid}`);
      return held;
    },
  };
  return { contentKeys: createContentKeys({ store, suite: nodeSuite }), asked };
}

test("opens what it sealed, in its own place only", async () => {
  const { contentKeys } = contentKeysOver({ status: "key", key });
  const sealed = await contentKeys.seal(BODY, plaintext);

  expect(Buffer.from(sealed.ciphertext, "base64").toString("latin1")).not.toContain("what was said");
  expect(await contentKeys.open(BODY, sealed)).toEqual(new Uint8Array(plaintext));
  for (const other of [{ entityId: "0000000000000000Msg2" }, { field: "topic" }])
    await expect(contentKeys.open({ ...BODY, ...other }, sealed)).rejects.toMatchObject({
      name: "OpenError",
      reason: "corrupt",
    });
});

test("asks the store once for many at a time, and again after a minute at the latest", async () => {
  vi.useFakeTimers();
  const { contentKeys, asked } = contentKeysOver({ status: "key", key });
  const sealAll = () => Promise.all(Array.from({ length: 50 }, () => contentKeys.seal(BODY, plaintext)));
  const [sealed] = await sealAll();
  await sealAll();
  expect(asked).toEqual([`ensure ${ROOM}`]);
  vi.advanceTimersByTime(60_000);
  await sealAll();
  await contentKeys.open(BODY, sealed ?? expect.fail("nothing was sealed"));

  expect(asked).toEqual([`ensure ${ROOM}`, `ensure ${ROOM}`, `named ${ROOM} ${key.kid}`]);
});

test("a store that failed is asked again by the next one", async () => {
  const { contentKeys: sound } = contentKeysOver({ status: "key", key });
  let failures = 1;
  const contentKeys = createContentKeys({
    suite: nodeSuite,
    store: {
      async ensure() {
        if (failures-- > 0) throw new Error("the store is away");
        return { status: "key", key };
      },
      named: async () => ({ status: "key", key }),
    },
  });

  await expect(contentKeys.seal(BODY, plaintext)).rejects.toThrow("the store is away");
  expect(await sound.open(BODY, await contentKeys.seal(BODY, plaintext))).toEqual(new Uint8Array(plaintext));
});

test("seals nothing in an erased room, and what was sealed there is lost", async () => {
  const { contentKeys } = contentKeysOver({ status: "erased", revision: 7 });
  const sealed = { kid: key.kid, nonce: "", ciphertext: "" };

  await expect(contentKeys.seal(BODY, plaintext)).rejects.toMatchObject({ reason: "room_closed" });
  expect(await contentKeys.open(BODY, sealed)).toBe("lost");
  expect(await contentKeysOver("lost").contentKeys.open(BODY, sealed)).toBe("lost");
});

test("a content key shows no byte however it is printed", () => {
  const shown = [inspect(key, { depth: 9 }), JSON.stringify(key), inspect({ ...key })];
  const [byte = 0, next = 0] = key.bytes;

  for (const text of shown) {
    expect(text).not.toContain(Buffer.from(key.bytes).toString("hex"));
    expect(text).not.toContain(Buffer.from(key.bytes).toString("base64"));
    expect(text).not.toContain(`${byte}, ${next}`);
  }
});
