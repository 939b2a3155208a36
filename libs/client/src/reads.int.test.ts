import { listHistory } from "@parley/contract/messages";
import { getRoom, listRooms } from "@parley/contract/room-requests";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { connect } from "@nats-io/transport-node";
import { expect, inject, onTestFinished, test } from "vitest";

import { listing, openPeerSite, peerRoom } from "../test/peer-site.ts";
import { connectParleyOn } from "./connect.ts";

async function stage() {
  const site = await openPeerSite(inject("natsUrl"));
  onTestFinished(() => site[Symbol.asyncDispose]());
  await listing(site, () => []);
  await site.answer(listHistory, () => ({ messages: [] }));
  const client = await connectParleyOn(
    { suite: nodeSuite, connect },
    { servers: inject("natsUrl"), siteId: site.siteId, account: "ann" },
  );
  onTestFinished(() => client.close());
  return { site, client };
}

test("asks for one room", async () => {
  const { site, client } = await stage();
  const room = peerRoom(site);
  const { room: view, subscription } = room.row();
  await site.answer(getRoom, () => ({ room: view, subscription, stale: true }));
  expect(await client.getRoom(room)).toEqual({ room: view, subscription, stale: true });
});

test("asks for what changed since a moment, on every page of the answer", async () => {
  const { site, client } = await stage();
  const before = site.asked(listRooms).length;
  const left = ["0".repeat(17), "1".repeat(17)] as const;
  await site.answer(listRooms, ({ body: { after } }) => ({
    rooms: [],
    at: 1,
    removed: [left[after === undefined ? 0 : 1]],
    ...(after === undefined && { next: left[0] }),
  }));
  const removed: string[] = [];
  for await (const page of client.roomPages({ since: 5 })) removed.push(...(page.removed ?? []));
  expect(removed).toEqual(left);
  const bodies = site.asked(listRooms).slice(before);
  expect(bodies.map(({ body }) => body)).toMatchObject([{ since: 5 }, { since: 5, after: left[0] }]);
});
