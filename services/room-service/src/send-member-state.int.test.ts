import { streamName } from "@parley/contract/streams";
import { uuidV7 } from "@parley/contract/ids";
import { traceOf } from "@parley/messaging/trace";
import { openTestSite } from "@parley/site/test/test-site";
import { expect, test } from "vitest";

import { createSendMemberState } from "./send-member-state.ts";

const PEER = "site-peer";

test("how far somebody read is sent to a home elsewhere alone, and skipped and counted when that is no peer", async () => {
  await using site = await openTestSite();
  const { siteId, broker } = site;
  const counted: string[] = [];
  const recorder = {
    count: (name: string, ..._rest: unknown[]) => void counted.push(name),
    record: () => {},
    gauge: () => ({ [Symbol.dispose]: () => {} }),
  };
  const send = createSendMemberState({ broker, siteId, peers: new Set([PEER]), recorder });
  const row = { roomId: "a".repeat(17), account: "bob", joinedAt: 5, lastSeenAt: 7 };
  const trace = traceOf(undefined, uuidV7());
  const stored = async () => (await broker.manager.streams.info(streamName("OUTBOX", siteId))).state.messages;

  await send({ ...row, roomSite: siteId }, trace);
  expect([await stored(), counted]).toEqual([0, []]);
  await send({ ...row, roomSite: "site-gone" }, trace);
  expect([await stored(), counted]).toEqual([0, ["outbox_skipped_total"]]);
  await send({ ...row, roomSite: PEER }, trace);
  expect([await stored(), counted]).toEqual([1, ["outbox_skipped_total"]]);
});
