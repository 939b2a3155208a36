import { createKeyPair } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { open } from "@parley/room-crypto/opener";
import { createSealer } from "@parley/room-crypto/sealer";
import { describe, expect, test } from "vitest";

import type { RoomKeyStore } from "./room-key-store.ts";

const GRACE_PERIOD_MS = 100;
/** Far longer than any test takes. */
const LONG_GRACE_PERIOD_MS = 600_000;
const EXPIRED = { timeout: 5000, interval: 20 };

const freshPair = () => nodeSuite.generatePair();
/** Whole bytes are compared: two pairs could share a print by mistake only if this were not. */
const bytesOf = (key: { privateKey: Uint8Array; publicKey: Uint8Array } | null | undefined): string =>
  key ? Buffer.concat([key.publicKey, key.privateKey]).toString("hex") : "none";

let rooms = 0;
const freshRoom = (): string => {
  rooms += 1;
  return `room${process.pid}x${rooms}x${Date.now()}`;
};

/** What every {@link RoomKeyStore} keeps to. `openStore` gives a store over shared data or data of its own. */
export function describeRoomKeyStore(
  name: string,
  openStore: (options: { gracePeriodMs: number }) => RoomKeyStore,
): void {
  const storeWithRoom = (gracePeriodMs = LONG_GRACE_PERIOD_MS) => ({
    store: openStore({ gracePeriodMs }),
    roomId: freshRoom(),
  });

  /** A room whose current version is `version`, reached as the home site reaches it. */
  async function rotatedTo(version: number, gracePeriodMs?: number) {
    const { store, roomId } = storeWithRoom(gracePeriodMs);
    const pairs = [];
    for (let next = 0; next <= version; next += 1) {
      const pair = freshPair();
      await store.prepare(roomId, next, pair);
      await store.activate(roomId, next);
      pairs.push(pair);
    }
    return { store, roomId, pairs };
  }

  describe(`room key store: ${name}`, () => {
    describe("prepare", () => {
      test("hands out the fresh pair, and the same bytes to every redelivery", async () => {
        const { store, roomId } = storeWithRoom();
        const pair = freshPair();

        const first = await store.prepare(roomId, 0, pair);
        const repeated = await store.prepare(roomId, 0, freshPair());
        expect([first, repeated].map((each) => each.status === "pair" && bytesOf(each.pair))).toEqual([
          bytesOf(pair),
          bytesOf(pair),
        ]);
      });

      test("gives one pair to 64 at once", async () => {
        const { store, roomId } = storeWithRoom();
        const outcomes = await Promise.all(
          Array.from({ length: 64 }, () => store.prepare(roomId, 0, freshPair())),
        );

        expect(
          new Set(outcomes.map((each) => (each.status === "pair" ? bytesOf(each.pair) : each.status))).size,
        ).toBe(1);
      });

      test.each(["current", "previous"])("gives the pair of a version that is %s by now", async (slot) => {
        const { store, roomId, pairs } = await rotatedTo(slot === "current" ? 0 : 1);
        const outcome = await store.prepare(roomId, 0, freshPair());

        expect(outcome.status === "pair" && bytesOf(outcome.pair)).toBe(bytesOf(pairs[0]));
      });

      // R54
      test("makes no second pair for a version below the current or the pending one", async () => {
        const { store, roomId } = await rotatedTo(2);
        const pending = storeWithRoom();
        await pending.store.prepare(pending.roomId, 2, freshPair());

        expect(await store.prepare(roomId, 0, freshPair())).toEqual({ status: "version_passed" });
        expect(await pending.store.prepare(pending.roomId, 1, freshPair())).toEqual({
          status: "version_passed",
        });
      });

      test("replaces a pending version by a later one", async () => {
        const { store, roomId } = storeWithRoom();
        const later = freshPair();
        await store.prepare(roomId, 0, freshPair());
        await store.prepare(roomId, 1, later);

        expect(await store.activate(roomId, 0)).toBe("not_prepared");
        expect(await store.activate(roomId, 1)).toBe("activated");
        expect(bytesOf((await store.get(roomId))?.pair)).toBe(bytesOf(later));
      });

      // R60
      test("serves nothing that is only pending", async () => {
        const { store, roomId } = storeWithRoom();
        await store.prepare(roomId, 0, freshPair());

        expect(await store.get(roomId)).toBeNull();
        expect(await store.getVersion(roomId)).toBeNull();
        expect(await store.getByVersion(roomId, 0)).toBeNull();
        expect((await store.getMany([roomId])).size).toBe(0);
        expect((await store.getVersions([roomId])).size).toBe(0);
      });

      // R55
      test("refuses a pair whose halves do not belong together, and stores nothing", async () => {
        const { store, roomId } = storeWithRoom();
        const mixed = createKeyPair({ publicKey: freshPair().publicKey, privateKey: freshPair().privateKey });
        const replica = { roomId, version: 0, pair: mixed, revision: 1 };

        await expect(store.prepare(roomId, 0, mixed)).rejects.toThrow(RangeError);
        await expect(store.setWithVersion(replica)).rejects.toThrow(RangeError);
        expect(await store.activate(roomId, 0)).toBe("not_prepared");
        expect(await store.get(roomId)).toBeNull();
      });
    });

    describe("activate", () => {
      // R54
      test("makes the pending pair current, and does nothing the second time", async () => {
        const { store, roomId } = storeWithRoom();
        const pair = freshPair();
        await store.prepare(roomId, 0, pair);

        expect([await store.activate(roomId, 0), await store.activate(roomId, 0)]).toEqual([
          "activated",
          "noop",
        ]);
        expect(await store.get(roomId)).toMatchObject({ roomId, version: 0 });
        expect(bytesOf((await store.get(roomId))?.pair)).toBe(bytesOf(pair));
      });

      // R54
      test("says so when the version was never prepared, and changes nothing", async () => {
        const { store, roomId } = await rotatedTo(0);

        expect(await store.activate(roomId, 1)).toBe("not_prepared");
        expect(await store.getVersion(roomId)).toBe(0);
      });

      test("does nothing for a version below the current one, also while another is pending", async () => {
        const { store, roomId } = await rotatedTo(2);
        await store.prepare(roomId, 3, freshPair());

        expect(await store.activate(roomId, 1)).toBe("noop");
        expect(await store.getVersion(roomId)).toBe(2);
        expect(await store.activate(roomId, 3)).toBe("activated");
      });

      // R60
      test("keeps the version before for the grace period, the one before that no more", async () => {
        const { store, roomId, pairs } = await rotatedTo(2);

        expect(bytesOf((await store.getByVersion(roomId, 2))?.pair)).toBe(bytesOf(pairs[2]));
        expect(bytesOf((await store.getByVersion(roomId, 1))?.pair)).toBe(bytesOf(pairs[1]));
        expect(await store.getByVersion(roomId, 0)).toBeNull();
        expect(await store.getByVersion(roomId, 3)).toBeNull();
      });

      test("lets the previous key expire after the grace period, and never the current one", async () => {
        const { store, roomId } = await rotatedTo(1, GRACE_PERIOD_MS);

        await expect.poll(() => store.getByVersion(roomId, 0), EXPIRED).toBeNull();
        expect(await store.getVersion(roomId)).toBe(1);
      });

      test("leaves one key for each version, whichever of two rotations at once comes first", async () => {
        const { store, roomId } = await rotatedTo(0);
        await Promise.all([1, 1, 2, 2].map((version) => store.prepare(roomId, version, freshPair())));
        const outcomes = await Promise.all([2, 1, 2].map((version) => store.activate(roomId, version)));

        expect(outcomes.filter((outcome) => outcome === "activated")).toHaveLength(1);
        expect(await store.getVersion(roomId)).toBe(2);
      });
    });

    // R55
    test("what is sealed with one half of a stored pair opens with the other", async () => {
      const { store, roomId } = await rotatedTo(0);
      const key = await store.get(roomId);
      const context = { roomId, type: "message_created", id: "message", at: 1 };
      const plaintext = new TextEncoder().encode("{}");
      const { publicKey, privateKey } = key?.pair ?? expect.fail("no key");
      const sealer = createSealer({ suite: nodeSuite, now: () => 0 });
      const sealed = sealer.seal({ ...context, version: 0, publicKey, plaintext });

      expect(open(nodeSuite, { ...context, sealed, privateKey })).toEqual(plaintext);
    });

    describe("setWithVersion", () => {
      // R64
      test("holds exactly the origin's version; the same or a lower one changes nothing", async () => {
        const { store, roomId } = storeWithRoom();
        const pair = freshPair();
        const copy = (version: number, revision: number, of = freshPair()) =>
          store.setWithVersion({ roomId, version, pair: of, revision });

        expect([await copy(5, 9, pair), await copy(5, 9), await copy(4, 10)]).toEqual([
          "set",
          "noop",
          "noop",
        ]);
        expect(await store.getVersion(roomId)).toBe(5);
        expect(bytesOf((await store.get(roomId))?.pair)).toBe(bytesOf(pair));
      });

      test("keeps the version it replaces for the grace period", async () => {
        const { store, roomId } = storeWithRoom(GRACE_PERIOD_MS);
        const replaced = freshPair();
        await store.setWithVersion({ roomId, version: 3, pair: replaced, revision: 1 });
        await store.setWithVersion({ roomId, version: 7, pair: freshPair(), revision: 2 });

        expect(bytesOf((await store.getByVersion(roomId, 3))?.pair)).toBe(bytesOf(replaced));
        await expect.poll(() => store.getByVersion(roomId, 3), EXPIRED).toBeNull();
        expect(await store.getVersion(roomId)).toBe(7);
      });
    });

    describe("delete", () => {
      test("forgets current, previous and pending", async () => {
        const { store, roomId } = await rotatedTo(1);
        await store.prepare(roomId, 2, freshPair());
        await store.delete(roomId, 10);

        expect(await store.get(roomId)).toBeNull();
        expect(await store.getByVersion(roomId, 0)).toBeNull();
        expect(await store.activate(roomId, 2)).toBe("not_prepared");
      });

      // R82
      test("refuses copies up to its revision from then on and takes those after it", async () => {
        const { store, roomId } = storeWithRoom();
        const copy = (revision: number) =>
          store.setWithVersion({ roomId, version: 1, pair: freshPair(), revision });
        await store.delete(roomId, 10);

        expect([await copy(9), await copy(10), await store.getVersion(roomId)]).toEqual([
          "noop",
          "noop",
          null,
        ]);
        expect(await copy(11)).toBe("set");
      });

      // R82
      test("leaves alone what came after it: a worker that stood still forgets no later key", async () => {
        const { store, roomId } = storeWithRoom();
        const pair = freshPair();
        await store.delete(roomId, 10);
        await store.setWithVersion({ roomId, version: 1, pair, revision: 11 });
        await store.delete(roomId, 4);
        await store.delete(roomId, 10);
        expect(bytesOf((await store.get(roomId))?.pair)).toBe(bytesOf(pair));
        await store.delete(roomId, 0);
        expect(await store.get(roomId)).toBeNull();
        expect(await store.setWithVersion({ roomId, version: 1, pair, revision: 10 })).toBe("noop");
      });

      // R82
      test("leaves alone a copy for a later event that came first", async () => {
        const { store, roomId } = storeWithRoom();
        const [early, late] = [freshPair(), freshPair()];
        await store.setWithVersion({ roomId, version: 0, pair: early, revision: 9 });
        await store.setWithVersion({ roomId, version: 1, pair: late, revision: 11 });
        await store.delete(roomId, 10);
        expect(bytesOf((await store.get(roomId))?.pair)).toBe(bytesOf(late));
        expect(await store.getByVersion(roomId, 0)).toBeNull();
        expect(await store.setWithVersion({ roomId, version: 2, pair: early, revision: 10 })).toBe("noop");
      });

      test("never lowers the revision it remembers", async () => {
        const { store, roomId } = storeWithRoom();
        await store.delete(roomId, 10);
        await store.delete(roomId, 4);
        const replica = { roomId, version: 1, pair: freshPair(), revision: 10 };

        expect(await store.setWithVersion(replica)).toBe("noop");
      });
    });

    describe("reads of many rooms", () => {
      test("return what each room's own read returns, and leave out rooms without a key", async () => {
        const { store, roomId, pairs } = await rotatedTo(1);
        const other = freshRoom();
        await store.setWithVersion({ roomId: other, version: 7, pair: freshPair(), revision: 1 });
        const asked = [roomId, freshRoom(), other];
        const keys = await store.getMany(asked);
        const found = keys.get(roomId);

        expect([...keys.keys()]).toEqual([roomId, other]);
        expect(found?.status === "found" && bytesOf(found.value.pair)).toBe(bytesOf(pairs[1]));
        expect([...(await store.getVersions(asked))]).toEqual([
          [roomId, { status: "found", value: 1 }],
          [other, { status: "found", value: 7 }],
        ]);
      });

      test("return nothing when nothing is asked", async () => {
        const { store } = storeWithRoom();

        expect((await store.getMany([])).size).toBe(0);
      });
    });
  });
}
