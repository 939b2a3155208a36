import { toBase64 } from "@parley/room-crypto/base64";
import { freshContentKey } from "@parley/room-crypto/content-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { remove } from "@parley/room/test/fixtures";
import { describe, expect, vi } from "vitest";

import { snapshotMessage } from "../test/lane.ts";
import { addUsers, cat, eve, HERE, SILENT_HOME, story, test } from "../test/replica-test.ts";

const answerOf = (roomId: string) => {
  const key = freshContentKey(nodeSuite, roomId);
  return { key, answer: { kid: key.kid, key: toBase64(key.bytes) } };
};

describe("the key of a room's content", () => {
  // K5
  test("comes with the snapshot, is kept for good and under the own site's seal", async ({ site }) => {
    const { roomId, lane } = story({}, addUsers(eve));
    const { key, answer } = answerOf(roomId);
    site.keyHomes.contents.set(roomId, answer);
    await site.deliver(lane);

    const held = await site.contentKeys.find(roomId);
    expect(held).toMatchObject({ status: "key", key: { kid: key.kid } });
    expect(held).toHaveProperty("key.bytes", key.bytes);
    site.keyHomes.contents.set(roomId, answerOf(roomId).answer);
    await site.deliver(lane);
    expect(await site.contentKeys.find(roomId)).toEqual(held);
  });

  test("that the home did not have yet comes with its next room key or snapshot", async ({ site }) => {
    const { roomId, lane, log } = story({}, addUsers(cat), remove("ann", "cat"));
    const [joined, added, removed] = lane;
    if (!joined || !added || !removed) throw new Error("the lane is too short");
    await site.deliver([joined]);
    expect(await site.contentKeys.find(roomId)).toBeNull();
    site.keyHomes.contents.set(roomId, answerOf(roomId).answer);
    await site.deliver([added]);
    expect(await site.contentKeys.find(roomId)).toBeNull();
    await site.deliver([removed]);
    expect(await site.contentKeys.find(roomId)).toMatchObject({ status: "key" });

    const repaired = story({}, addUsers(cat));
    await site.deliver(repaired.lane);
    site.keyHomes.contents.set(repaired.roomId, answerOf(repaired.roomId).answer);
    const last = repaired.log.at(-1) ?? expect.fail("no events");
    await site.deliver([snapshotMessage(last.state, HERE, { repair: true })]);
    expect(await site.contentKeys.find(repaired.roomId)).toMatchObject({ status: "key" });
    expect(log).toHaveLength(3);
  });

  test("that the home erased is erased here, and no later answer brings it back", async ({ site }) => {
    const { roomId, lane } = story({}, addUsers(cat), remove("ann", "cat"));
    site.keyHomes.contents.set(roomId, { erased: true });
    await site.deliver(lane.slice(0, 1));
    const erased = { status: "erased", revision: 1 };
    expect(await site.contentKeys.find(roomId)).toEqual(erased);

    site.keyHomes.contents.set(roomId, answerOf(roomId).answer);
    await site.deliver(lane);
    expect(await site.contentKeys.find(roomId)).toEqual(erased);
  });

  test("of a home that does not answer is asked for again until it comes", async ({ site }) => {
    const { roomId, lane } = story({ home: SILENT_HOME });
    site.keyHomes.contents.set(roomId, answerOf(roomId).answer);
    site.keyHomes.silent.add(SILENT_HOME);
    await expect(site.deliver(lane)).rejects.toMatchObject({ reason: "home_site_unreachable" });
    expect(await site.contentKeys.find(roomId)).toBeNull();
    site.keyHomes.silent.delete(SILENT_HOME);

    await vi.waitFor(async () => {
      await site.deliver(lane);
      expect(await site.contentKeys.find(roomId)).toMatchObject({ status: "key" });
    }, 10_000);
  });
});
