import { clientSubjects } from "@parley/contract/notices";
import { encodeJson } from "@parley/messaging/publish";
import { valkeyKeyAckStore } from "@parley/room-keys/key-ack-store.valkey";
import { openProcess } from "@parley/site/test/open-process";
import { openTestValkey } from "@parley/site/test/test-valkey";
import { expect } from "vitest";

import { enrol } from "../test/enrol.ts";
import { test as base } from "../test/room-worker-test.ts";
import { config } from "./config.ts";
import { openService } from "./service.ts";

/** What comes within some seconds. */
const PATIENCE = { timeout: 20_000 };

const test = base.extend("acks", { scope: "file" }, async ({}, { onCleanup }) => {
  const valkey = await openTestValkey();
  onCleanup(() => valkey[Symbol.asyncDispose]());
  return valkeyKeyAckStore(valkey.client);
});

// K10
test("what clients acknowledge is noted, and whoever stays silent is sent the key again, also after a restart", async ({
  site,
  clients,
  rooms,
  acks,
}) => {
  const { siteId } = site;
  const environment = { ...site.environment, KEY_DELIVERY: "open" };
  const open = () => openProcess({ config, environment, open: openService });
  const device = await enrol(site, "bob");
  const first = await open();
  const room = rooms.channel({ users: ["bob", "cat", "dan"] });
  const { roomId } = room;
  const { event } = await room.append();
  await clients.result(event.requestId);
  const acknowledge = (account: string, body: unknown): void =>
    site.broker.connection.publish(
      clientSubjects.keyAck.of({ homeSite: siteId, account, roomId, siteId }),
      encodeJson(body),
    );
  acknowledge("ann", { version: 0 });
  acknowledge("bob", { version: 0, deviceId: device.deviceId });
  acknowledge("cat", { version: 1 });
  acknowledge("cat", { version: 0, nonsense: true });
  await expect
    .poll(async () => Object.fromEntries(await acks.ackedVersions(roomId)), PATIENCE)
    .toEqual({ ann: 0, [`bob.${device.deviceId}`]: 0 });
  await first[Symbol.asyncDispose]();

  const sentTo = (account: string): number =>
    clients.seen.filter(
      ({ subject, body }) =>
        body["roomId"] === roomId && subject === `chat.user.${siteId}.${account}.event.${siteId}.room.key`,
    ).length;
  const restarted = await open();
  await expect.poll(() => sentTo("cat"), PATIENCE).toBe(2);
  await expect.poll(() => sentTo("dan"), PATIENCE).toBe(2);
  expect([sentTo("ann"), sentTo("bob")]).toEqual([1, 1]);

  const removal = await room.append({ remove: "bob" });
  await clients.result(removal.event.requestId);
  expect(await acks.ackedVersions(roomId)).toEqual(new Map([["ann", 0]]));
  await expect.poll(() => sentTo("ann"), PATIENCE).toBe(3);
  expect(sentTo("bob")).toBe(1);
  await restarted[Symbol.asyncDispose]();
});
