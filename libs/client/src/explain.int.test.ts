import { explainKey, keyStatus, UNOPENED_REASONS, type UnopenedReason } from "@parley/contract/devices";
import { Failure, type FailureReason } from "@parley/contract/failure";
import { listHistory } from "@parley/contract/messages";
import { getKey } from "@parley/contract/room-requests";
import { expect, inject, onTestFinished, test } from "vitest";

import { listing, newKey, openPeerSite, peerRoom } from "../test/peer-site.ts";
import { connectAnn, next, stage } from "../test/stage.ts";

/** What makes `key.get` fail so that an event stays unopened for each reason. */
const REFUSALS: readonly (readonly [FailureReason, UnopenedReason])[] = [
  ["not_room_member", "after_you_left"],
  ["key_version_not_allowed", "before_you_joined"],
  ["room_key_absent", "version_expired"],
  ["device_not_enrolled", "device_not_enrolled"],
  ["home_site_unreachable", "home_site_unreachable"],
  ["store_unavailable", "key_pending"],
];

test.each(REFUSALS)(
  "a key.get refused as %s leaves the message as %s, and so it is explained",
  async (refusal, reason) => {
    const { site, room, client, events } = await stage();
    await site.answer(getKey, () => {
      throw new Failure(refusal);
    });
    await site.answer(explainKey, () => ({ roomId: room.roomId, reason }));
    const message = room.message("sealed");
    room.say(room.sealed(message, { pair: newKey(), version: 4 }));
    expect(await next(events, "unopened")).toMatchObject({ reason, version: 4 });
    const explained = await client.explain(room, message.messageId);
    expect(explained).toMatchObject({ reason, version: 4, text: expect.stringMatching(/^[A-Z].*; .*\.$/) });
    // The version is known here, so that it is asked for.
    expect(site.asked(explainKey)[0]?.body).toEqual({ version: 4 });
  },
);

test("what was found out here is explained without asking: forged bodies and unknown algorithms", async () => {
  const { site, room, pair, client, events } = await stage();
  await site.answer(getKey, () => {
    throw new Failure("room_key_absent");
  });
  const sealed = room.sealed(room.message("x"), { pair, version: 0 });
  const [forged, foreign] = [room.message("forged"), room.message("foreign")];
  room.say({ ...sealed, id: forged.messageId, sealed: { ...sealed.sealed, nonce: "AAAA" } });
  room.say({ ...sealed, id: foreign.messageId, sealed: { ...sealed.sealed, alg: "ml-kem-768" } });
  await next(events, "unopened");
  await next(events, "unopened");
  expect(await client.explain(room, forged.messageId)).toMatchObject({ reason: "corrupt", version: 0 });
  expect(await client.explain(room, foreign.messageId)).toMatchObject({ reason: "unknown", version: 0 });
  expect(site.asked(explainKey)).toEqual([]);
});

// R76, K13
test("every reason of the closed list is among those provoked here", () => {
  const foundHere: UnopenedReason[] = ["corrupt", "unknown"];
  const provoked = [...REFUSALS.map(([, reason]) => reason), ...foundHere];
  expect(provoked.toSorted()).toEqual(UNOPENED_REASONS.toSorted());
});

test("a message never seen is asked for by its id", async () => {
  const { site, room, client } = await stage();
  await site.answer(explainKey, () => ({
    roomId: room.roomId,
    reason: "before_you_joined" as const,
    keyFrom: 3,
  }));
  const { messageId } = room.message("long ago");
  expect(await client.explain(room, messageId)).toMatchObject({ reason: "before_you_joined" });
  expect(site.asked(explainKey)[0]?.body).toEqual({ messageId });
});

test("a message that is shown needs no explanation, nor does one that history brought", async () => {
  const { site, room, pair, client, events } = await stage();
  const [live, past] = [room.message("live"), room.message("past", Date.now() + 1)];
  const damaged = room.message("damaged", Date.now() + 2);
  room.say(room.sealed(live, { pair, version: 0 }));
  await next(events, "message");
  await site.answer(getKey, () => {
    throw new Failure("room_key_absent");
  });
  await site.answer(listHistory, () => ({ messages: [damaged, past, live] }));
  const event = room.sealed(damaged, { pair, version: 0 });
  room.say(room.sealed(past, { pair: newKey(), version: 1 }));
  room.say({ ...event, sealed: { ...event.sealed, nonce: "AAAA" } });
  expect(await next(events, "unopened")).toMatchObject({ reason: "corrupt" });
  await expect.poll(() => client.room(room.roomId)?.messages).toEqual([live, past, damaged]);
  for (const { messageId } of [live, past, damaged]) {
    expect(await client.explain(room, messageId)).toEqual({
      text: expect.stringContaining("Nothing keeps you"),
    });
  }
  expect(site.asked(explainKey)).toEqual([]);
});

test("a home that is away is the reason, and asking the own site first is tried", async () => {
  const own = await openPeerSite(inject("natsUrl"));
  onTestFinished(() => own[Symbol.asyncDispose]());
  await listing(own, () => []);
  await own.answer(explainKey, () => {
    throw new Failure("not_room_member");
  });
  const { client } = await connectAnn(own);
  const room = { ...peerRoom(own), siteId: "nowhere" };
  const explained = await client.explain(room, room.message("far away").messageId);
  expect(explained).toMatchObject({ reason: "home_site_unreachable" });
  expect(own.asked(explainKey)).toHaveLength(1);
});

test("an own site that does not answer explains nothing: the error says so", async () => {
  const { site, room, client } = await stage();
  await site.answer(explainKey, () => {
    throw new Failure("invalid_request");
  });
  const { messageId } = room.message("x");
  await expect(client.explain(room, messageId)).rejects.toMatchObject({ reason: "invalid_request" });
});

test("keyStatus tells whom the current key has reached", async () => {
  const { site, room, client } = await stage();
  const status = { version: 2, acked: 3, pending: 1, pendingOf: [{ account: "bob" }] };
  await site.answer(keyStatus, () => status);
  expect(await client.keyStatus(room)).toEqual(status);
});
