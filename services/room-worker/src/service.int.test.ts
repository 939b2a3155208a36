import { openProcess } from "@parley/site/test/open-process";
import { openRelay, type Relay } from "@parley/site/test/relay";
import { describe, expect } from "vitest";

import { createTestWorker, test as base } from "../test/room-worker-test.ts";
import { config } from "./config.ts";
import { openService } from "./service.ts";

const relayOf = (url: string): Promise<Relay> => {
  const { hostname, port } = new URL(url.includes("://") ? url : `tcp://${url}`);
  return openRelay({ host: hostname, port: Number(port) });
};

/** room-worker as it runs, each of its dependencies behind a relay of its own. */
const test = base
  .extend("relays", { scope: "file" }, async ({ site }, { onCleanup }) => {
    const { MONGO_URL = "", VALKEY_ADDR = "" } = site.environment;
    const [mongo, valkey] = [await relayOf(MONGO_URL), await relayOf(VALKEY_ADDR)];
    onCleanup(async () => {
      await mongo[Symbol.asyncDispose]();
      await valkey[Symbol.asyncDispose]();
    });
    return { mongo, valkey };
  })
  .extend("worker", { scope: "file" }, async ({ site, relays }, { onCleanup }) => {
    const environment = {
      ...site.environment,
      MONGO_URL: `mongodb://127.0.0.1:${relays.mongo.port}/?directConnection=true`,
      VALKEY_ADDR: `127.0.0.1:${relays.valkey.port}`,
    };
    const worker = await openProcess({ config, environment, open: openService });
    onCleanup(() => worker[Symbol.asyncDispose]());
    return worker;
  });

describe("an outage", () => {
  test.for(["mongo", "valkey"] as const)(
    "of %s uses up no attempts: all events wait, and all rooms are current after it",
    async (which, { site, clients, rooms, relays, worker }) => {
      const open = Array.from({ length: 5 }, () => rooms.channel({ users: ["bob"] }));
      for (const room of open) await clients.result((await room.append()).event.requestId);
      const before = worker.log.entries.length;
      relays[which].cut();
      const removals = await Promise.all(open.map((room) => room.append({ remove: "bob" })));
      const events = () => worker.log.entries.slice(before).map(({ event }) => event);
      // The outage is noticed, and lasts a while beyond it.
      await expect.poll(events, { timeout: 15_000 }).toContain("dependency_silent");
      relays[which].mend();
      for (const { event } of removals)
        expect(await clients.result(event.requestId)).toMatchObject({ status: "ok", revision: 2 });
      const failed = worker.log.entries.slice(before).filter(({ event }) => event === "message_failed");
      expect(failed.map(({ fields }) => fields["attempt"])).toEqual(failed.map(() => 1));
      const { differences } = createTestWorker(site);
      for (const { roomId } of open) expect(await differences(roomId)).toEqual([]);
      expect(worker.log.entries.filter(({ event }) => event === "message_parked")).toEqual([]);
    },
  );
});

test("a room that waits is caught up by the sweep, without another event", async ({
  site,
  clients,
  rooms,
  worker,
}) => {
  const { waiting } = createTestWorker(site);
  const room = rooms.channel({ users: ["bob"] });
  await clients.result((await room.append()).event.requestId);
  const now = Date.now();
  const mark = { from: 1, revision: 1, since: now, nextAt: now };
  await waiting.mark({ roomId: room.roomId, siteId: site.siteId, ...mark });
  await expect
    .poll(async () => (await waiting.due({ siteId: site.siteId, now: Date.now(), limit: 10 })).length, {
      timeout: 10_000,
    })
    .toBe(0);
  expect(worker.readiness.report()).toMatchObject({ ready: true });
});
