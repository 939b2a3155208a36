import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import type { Seen, TestClients } from "@parley/site/test/test-clients";
import { expect } from "vitest";

import { createTestWorker, newKeyStore, test } from "./room-worker-test.ts";

const isKey = ({ subject }: Seen): boolean => subject.endsWith(".room.key");
const of = ({ seen }: TestClients, roomId: string): Seen[] =>
  seen.filter(({ body }) => body["roomId"] === roomId);

// K2
test("where joining changes the key, everybody has it before it seals, newcomers after they learnt of the room", async ({
  site,
  clients,
  rooms,
}) => {
  const keys = newKeyStore();
  const room = rooms.channel({ users: ["bob", "bot"] });
  const toldAtActivation: Seen[][] = [];
  const noting: RoomKeyStore = {
    ...keys,
    activate: async (roomId, version) => {
      await clients.flush();
      toldAtActivation.push([...of(clients, roomId)]);
      return keys.activate(roomId, version);
    },
  };
  const worker = createTestWorker(site, { keys: noting });
  for (const step of [undefined, { rekeyOnJoin: true }, { add: { users: ["fay", "dan"] } }] as const)
    await worker.receive({ stored: await room.append(step), deliveries: 1 });

  const [, told = []] = toldAtActivation;
  const ofNext = told.filter((seen) => isKey(seen) && seen.body["version"] === 1);
  expect(new Set(ofNext.map(({ subject }) => subject.split(".")[3]))).toEqual(
    new Set(["ann", "bob", "bot", "fay", "dan"]),
  );
  for (const account of ["fay", "dan"]) {
    const toOne = told.filter(({ subject }) => subject.includes(`.${account}.`));
    expect(toOne.map((seen) => (isKey(seen) ? seen.body["version"] : "added"))).toEqual(["added", 1]);
  }
  expect(told.some(({ body }) => body["type"] === "members_added")).toBe(false);
  await clients.flush();
  const notice = of(clients, room.roomId).find(({ body }) => body["type"] === "members_added");
  expect(notice?.body).toMatchObject({ revision: 3, sealed: { version: 1 } });
});
