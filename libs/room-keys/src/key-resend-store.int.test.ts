import { randomUUID } from "node:crypto";

import { closeValkey, connectValkey, type ValkeyClient } from "@parley/valkey/connect-valkey";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

import { RESEND_AFTER_MS } from "./key-resend-store.ts";
import { valkeyKeyResendStore } from "./key-resend-store.valkey.ts";

const DELIVERED_AT = 1_750_000_000_000;

let client: ValkeyClient;

beforeAll(async () => {
  client = await connectValkey({ addresses: [inject("valkeyAddress")], onError: () => {} });
});

afterAll(() => closeValkey(client));

/** The schedule of a site of its own. */
const freshSchedule = () => valkeyKeyResendStore(client, randomUUID().slice(0, 8));

describe("the schedule of re-sends", () => {
  test("a room is due at each of its moments and then no more", async () => {
    const schedule = freshSchedule();
    await schedule.schedule("room", DELIVERED_AT);
    for (const [index, afterMs] of RESEND_AFTER_MS.entries()) {
      const now = DELIVERED_AT + afterMs;
      expect(await schedule.claim({ now: now - 1, limit: 10 })).toEqual([]);
      expect(await schedule.claim({ now, limit: 10 })).toEqual([{ roomId: "room", attempt: index + 1 }]);
    }

    expect(await schedule.claim({ now: DELIVERED_AT + 1e9, limit: 10 })).toEqual([]);
  });

  test("a later delivery begins anew", async () => {
    const schedule = freshSchedule();
    await schedule.schedule("room", DELIVERED_AT);
    await schedule.claim({ now: DELIVERED_AT + 2000, limit: 10 });
    await schedule.schedule("room", DELIVERED_AT + 5000);

    expect(await schedule.claim({ now: DELIVERED_AT + 6999, limit: 10 })).toEqual([]);
    const claimed = await schedule.claim({ now: DELIVERED_AT + 7000, limit: 10 });
    expect(claimed).toEqual([{ roomId: "room", attempt: 1 }]);
  });

  test("many that claim at once share the rooms, each going to one of them", async () => {
    const schedule = freshSchedule();
    const rooms = Array.from({ length: 100 }, (_, index) => `room${index}`);
    for (const [index, roomId] of rooms.entries()) await schedule.schedule(roomId, DELIVERED_AT + index);
    const now = DELIVERED_AT + 5000;
    const claims = await Promise.all(Array.from({ length: 20 }, () => schedule.claim({ now, limit: 10 })));

    const claimed = claims.flat().map(({ roomId }) => roomId);
    expect(claimed.toSorted()).toEqual(rooms.toSorted());
    expect(Math.max(...claims.map(({ length }) => length))).toBe(10);
  });

  test("a room that is settled is due no more, unless a key was delivered since", async () => {
    const schedule = freshSchedule();
    for (const roomId of ["settled", "again"]) await schedule.schedule(roomId, DELIVERED_AT);
    const claimed = await schedule.claim({ now: DELIVERED_AT + 2000, limit: 10 });
    await schedule.schedule("again", DELIVERED_AT + 2000);
    for (const due of claimed) await schedule.settle(due);

    const left = await schedule.claim({ now: DELIVERED_AT + 1e9, limit: 10 });
    expect(left).toEqual([{ roomId: "again", attempt: 1 }]);
  });

  test("survives whoever made it, and is another site's own", async () => {
    const siteId = randomUUID().slice(0, 8);
    await valkeyKeyResendStore(client, siteId).schedule("room", DELIVERED_AT);
    const due = { now: DELIVERED_AT + 2000, limit: 10 };

    expect(await valkeyKeyResendStore(client, `${siteId}x`).claim(due)).toEqual([]);
    expect(await valkeyKeyResendStore(client, siteId).claim(due)).toHaveLength(1);
  });
});
