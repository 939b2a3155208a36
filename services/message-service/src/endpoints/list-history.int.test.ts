import { randomUUID } from "node:crypto";

import { userIdOf } from "@parley/contract/ids";
import { listHistory, type MessageView } from "@parley/contract/messages";
import { expect } from "vitest";

import { LONG_AGO, newMessageId, newRoomId, test, type TestSite } from "../../test/test-site.ts";

/** A page as the client reads it. */
const page = (site: TestSite, account: string, of: { roomId: string } & Record<string, unknown>) => {
  const { roomId, ...body } = of;
  return site.ask(account, { declaration: listHistory, roomId, body });
};

const contentsOf = (reply: Readonly<Record<string, unknown>>): string[] =>
  (reply["messages"] as MessageView[]).map(({ content }) => content);

/** Stores messages of ann, one each millisecond from `LONG_AGO` on, every other in clear, as before bodies were sealed. */
async function said(site: TestSite, roomId: string, contents: readonly string[]): Promise<void> {
  for (const [index, content] of contents.entries()) {
    const messageId = newMessageId();
    const isSealed = index % 2 === 0;
    const resting = isSealed
      ? { body: await site.bodies.seal({ roomId, messageId }, { content }) }
      : { content };
    await site.messages.insertIfAbsent({
      messageId,
      roomId,
      createdAt: LONG_AGO + index,
      sender: { account: "ann", userId: userIdOf("ann"), kind: "person", name: "Ann" },
      ...resting,
      requestId: randomUUID(),
      canonical: true,
    });
  }
}

test("reads a room back page by page, newest first, nothing twice and nothing left out", async ({ site }) => {
  const { roomId } = await site.room();
  await said(site, roomId, ["one", "two", "three", "four", "five"]);

  const first = await page(site, "bob", { roomId, limit: 2 });
  const second = await page(site, "bob", { roomId, limit: 2, before: first["next"] });
  const last = await page(site, "bob", { roomId, limit: 2, before: second["next"] });

  expect([first, second, last].map(contentsOf)).toEqual([["five", "four"], ["three", "two"], ["one"]]);
  expect(last).not.toHaveProperty("next");
});

// R91
test("shows nothing from before the member's history begins, whatever cursor is used", async ({ site }) => {
  const { roomId } = await site.room({}, [
    { account: "ann" },
    { account: "bob", historySharedSince: LONG_AGO + 2 },
  ]);
  await said(site, roomId, ["one", "two", "three", "four"]);

  const whole = await page(site, "bob", { roomId });
  const atItsEdge = await page(site, "bob", { roomId, before: `${LONG_AGO + 2}-${"0".repeat(20)}` });
  const beyond = await page(site, "bob", { roomId, before: `${LONG_AGO + 1}-${"z".repeat(20)}` });

  expect(contentsOf(whole)).toEqual(["four", "three"]);
  expect(whole).not.toHaveProperty("next");
  expect(atItsEdge).toEqual({ messages: [] });
  expect(beyond).toMatchObject({ code: "forbidden", reason: "outside_access_window" });
  expect(contentsOf(await page(site, "ann", { roomId }))).toHaveLength(4);
});

test("ends a page before it outgrows a reply, and leads on from there", async ({ site }) => {
  const { roomId } = await site.room();
  // Written as JSON each of these bytes takes six.
  const contents = Array.from({ length: 12 }, (_, index) => `${index}${"\u0001".repeat(20_000)}`);
  await said(site, roomId, contents);

  const first = await page(site, "ann", { roomId });
  const second = await page(site, "ann", { roomId, before: first["next"] });

  expect(contentsOf(first).length).toBeLessThan(12);
  expect([...contentsOf(first), ...contentsOf(second)]).toEqual(contents.toReversed());
});

test("is refused to whoever is no member", async ({ site }) => {
  const { roomId } = await site.room();
  await said(site, roomId, ["one"]);

  for (const room of [roomId, newRoomId()])
    expect(await page(site, "cat", { roomId: room })).toMatchObject({
      code: "forbidden",
      reason: "not_room_member",
    });
});

test.for([
  ["a cursor that is none", { before: "yesterday" }],
  ["a limit over 100", { limit: 101 }],
  ["a field of its own", { account: "bob" }],
] as const)("with %s is an invalid request", async ([, fields], { site }) => {
  const { roomId } = await site.room();

  expect(await page(site, "ann", { roomId, ...fields })).toMatchObject({
    code: "bad_request",
    reason: "invalid_request",
  });
});
