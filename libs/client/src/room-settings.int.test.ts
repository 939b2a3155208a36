import { Failure } from "@parley/contract/failure";
import { listHistory } from "@parley/contract/messages";
import { userSubjects } from "@parley/contract/notices";
import { closeRoom, renameRoom, restrictRoom, setRoomPolicy } from "@parley/contract/room-requests";
import { expect, inject, onTestFinished, test } from "vitest";

import { listing, newKey, openPeerSite, peerRoom } from "../test/peer-site.ts";
import type { ClientEvent } from "./client.ts";
import { connectParley } from "./connect-node.ts";

const ACCOUNT = "ann";
const REVISION = 7;

/** ann, in one channel, at a site whose service side the test plays. */
async function stage() {
  const site = await openPeerSite(inject("natsUrl"));
  onTestFinished(() => site[Symbol.asyncDispose]());
  const room = peerRoom(site);
  const pair = newKey();
  await listing(site, () => [room.row({ key: pair })]);
  await site.answer(listHistory, () => ({ messages: [] }));
  const client = await connectParley({
    servers: inject("natsUrl"),
    siteId: site.siteId,
    account: ACCOUNT,
  });
  onTestFinished(() => client.close());
  return { site, room, pair, client, events: client.events() };
}
type Stage = Awaited<ReturnType<typeof stage>>;

const reply = ({ room }: Stage, requestId: string) => ({
  status: "accepted" as const,
  requestId,
  roomId: room.roomId,
  revision: REVISION,
  done: false,
});

function tellResult({ site, room }: Stage, requestId: string, operation: string): void {
  const { siteId } = site;
  const subject = userSubjects.response.of({
    homeSite: siteId,
    account: ACCOUNT,
    fromSite: siteId,
    requestId,
  });
  const { roomId } = room;
  site.publish(subject, { requestId, operation, status: "ok", roomId, revision: REVISION, at: 5 });
}

/** The next event of this type. */
async function next(events: AsyncIterator<ClientEvent>, type: ClientEvent["type"]): Promise<ClientEvent> {
  for (;;) {
    const { done, value } = await events.next();
    if (done === true) throw new Error(`the events ended before ${type}`);
    if (value.type === type) return value;
  }
}

const COMMANDS = [
  {
    declaration: renameRoom,
    ask: ({ client, room }: Stage) => client.renameRoom(room, "Deeds"),
    body: { name: "Deeds" },
  },
  {
    declaration: restrictRoom,
    ask: ({ client, room }: Stage) => client.restrictRoom(room, { restricted: true, ownerAccount: "bob" }),
    body: { restricted: true, externalAccess: true, ownerAccount: "bob" },
  },
  {
    declaration: setRoomPolicy,
    ask: ({ client, room }: Stage) => client.setPolicy(room, { rekeyOnJoin: true }),
    body: { rekeyOnJoin: true },
  },
  {
    declaration: closeRoom,
    ask: ({ client, room }: Stage) => client.closeRoom(room),
    body: {},
  },
] as const;

test.for(COMMANDS)("$declaration.operation is a job of the room", async ({ declaration, ask, body }) => {
  const staged = await stage();
  await staged.site.answer(declaration, ({ requestId }) => reply(staged, requestId));

  const job = await ask(staged);

  const { roomId, siteId } = staged.room;
  expect(job).toMatchObject({ roomId, siteId, status: "accepted", revision: REVISION });
  const [asked] = staged.site.asked(declaration);
  expect(asked).toMatchObject({ requestId: job.requestId, body, tokens: { roomId } });
  tellResult(staged, job.requestId, declaration.operation);
  expect(await job.done).toMatchObject({ revision: REVISION, at: 5, siteId });
});

test("what is so already is done at once, and a refusal says why", async () => {
  const staged = await stage();
  const { site, client, room } = staged;
  await site.answer(renameRoom, ({ requestId }) => ({
    status: "unchanged" as const,
    requestId,
    roomId: room.roomId,
  }));
  await site.answer(restrictRoom, () => {
    throw new Failure("room_too_small", { metadata: { min: 5 } });
  });
  await site.answer(closeRoom, () => {
    throw new Failure("not_room_owner");
  });

  const job = await client.renameRoom(room, "Plans");
  expect(job.status).toBe("unchanged");
  expect(await job.done).toMatchObject({ requestId: job.requestId, revision: undefined });
  const restricting = client.restrictRoom(room, { restricted: true, ownerAccount: "bob" });
  await expect(restricting).rejects.toMatchObject({ reason: "room_too_small", metadata: { min: 5 } });
  await expect(client.closeRoom(room)).rejects.toMatchObject({ code: "forbidden", reason: "not_room_owner" });
});

test("the room that is held takes over what its notices say, and each is told", async () => {
  const { room, pair, client, events } = await stage();
  const under = { pair, version: 0 };
  const { roomId, siteId } = room;
  const settings = { restricted: true, externalAccess: false };

  room.say(room.notice({ type: "room_renamed", revision: 2, body: { name: "Deeds", by: "bob" } }, under));
  room.say(
    room.notice(
      { type: "room_restricted", revision: 3, body: { ...settings, owner: "bob", by: "root" } },
      under,
    ),
  );
  const policed = { rekeyOnJoin: true, by: "bob" };
  room.say(room.notice({ type: "policy_changed", revision: 4, body: policed }, under));
  room.say(room.notice({ type: "room_closed", revision: 5, body: { by: "bob" } }, under));

  expect(await next(events, "room_renamed")).toMatchObject({ roomId, siteId, revision: 2, name: "Deeds" });
  expect(await next(events, "room_restricted")).toMatchObject({ revision: 3, ...settings, owner: "bob" });
  expect(await next(events, "policy_changed")).toMatchObject({ revision: 4, ...policed });
  expect(await next(events, "room_closed")).toMatchObject({ revision: 5, by: "bob" });
  const held = { ...settings, rekeyOnJoin: true };
  expect(client.room(roomId)?.room).toMatchObject({ name: "Deeds", settings: held, closed: true });
});

test("a restriction leaves the policy that is held, and a policy taken back leaves no trace", async () => {
  const { room, pair, client, events } = await stage();
  const under = { pair, version: 0 };
  const open = { restricted: false, externalAccess: true };

  const steps = [
    { type: "policy_changed", revision: 2, body: { rekeyOnJoin: true, by: "bob" } },
    { type: "room_restricted", revision: 3, body: { ...open, by: "root" } },
    { type: "policy_changed", revision: 4, body: { rekeyOnJoin: false, by: "bob" } },
  ] as const;
  const seen = [];
  for (const step of steps) {
    room.say(room.notice(step, under));
    await next(events, step.type);
    seen.push(client.room(room.roomId)?.room.settings);
  }

  const policed = { ...open, rekeyOnJoin: true };
  expect(seen).toEqual([policed, policed, open]);
});
