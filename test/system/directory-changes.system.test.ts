import type { ClientEvent, RoomReference } from "@parley/client/client";
import type { CanonicalEvent } from "@parley/contract/events";
import { startStack, type Stack } from "@parley/local-stack/stack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { enter, type Actor } from "../cast/actor.ts";
import { compareSites } from "../cast/compare-sites.ts";
import { directoryFile } from "../cast/directory.ts";
import { happens } from "../cast/happens.ts";
import { inspectSite, type Inspection } from "../cast/inspect-site.ts";

/** Gil and Gus of alpha, Hal of beta are disabled in the course of the tests. */
const everybody = (disabled: readonly string[]) =>
  [
    { account: "ann", sectId: "eng", sectName: "Engines" },
    { account: "gil", name: "Gil" },
    { account: "gus" },
    { account: "bob", homeSite: "beta" },
    { account: "hal", homeSite: "beta" },
  ].map((line) => ({ ...line, enabled: !disabled.includes(line.account) }));

let stack: Stack;
let alpha: Inspection;
let beta: Inspection;
let cast: Readonly<Record<"ann" | "gil" | "gus" | "bob" | "hal", Actor>>;

beforeAll(async () => {
  stack = await startStack({ sites: 2, directory: directoryFile("directory-changes", everybody([])) });
  const [first, second] = [stack.site("alpha"), stack.site("beta")];
  [alpha, beta] = await Promise.all([inspectSite(first), inspectSite(second)]);
  const [ann, gil, gus, bob, hal] = await Promise.all([
    enter(first, "ann"),
    enter(first, "gil"),
    enter(first, "gus"),
    enter(second, "bob"),
    enter(second, "hal"),
  ]);
  cast = { ann, gil, gus, bob, hal };
});
afterAll(async () => {
  for (const actor of Object.values(cast)) await actor[Symbol.asyncDispose]();
  for (const inspection of [alpha, beta]) await inspection[Symbol.asyncDispose]();
  await stack.stop();
});

/** Imports the same file at both sites, as their operators do; answers what each was told. */
async function disable(...accounts: readonly string[]): Promise<readonly string[]> {
  const file = directoryFile("directory-changes-later", everybody(accounts));
  return Promise.all(stack.sites.map((site) => site.importDirectory(file)));
}

async function logOf(home: Inspection, { roomId }: RoomReference): Promise<readonly CanonicalEvent[]> {
  const events: CanonicalEvent[] = [];
  for await (const { event } of home.reader.forward({ roomId, from: 1 })) events.push(event);
  return events;
}

/** A room of the actor's, true at its home. */
async function roomOf(actor: Actor, users: readonly string[]): Promise<RoomReference> {
  const job = await actor.client.createRoom({ name: "Plans", users });
  await job.done;
  return { roomId: job.roomId, siteId: job.siteId };
}

const isAbout =
  (room: RoomReference, type: ClientEvent["type"]) =>
  (event: ClientEvent): boolean =>
    event.type === type && "roomId" in event && event.roomId === room.roomId;

const keyVersionsOf = ({ keysSent }: Actor, { roomId }: RoomReference) =>
  new Set(keysSent.filter((key) => key.roomId === roomId).map(({ version }) => version));

const differencesIn = async (room: RoomReference): Promise<readonly string[]> => {
  const [home, away, awaySite] = room.siteId === "alpha" ? [alpha, beta, "beta"] : [beta, alpha, "alpha"];
  return compareSites({ home, away, awaySite }, room.roomId);
};

describe("accounts that both sites disable (R123)", () => {
  // R123
  test("leave the rooms of both, which keep an owner and change their keys, and nothing else changes", async () => {
    const { ann, gil, bob } = cast;
    const owned = await roomOf(gil, ["ann", "bob"]);
    const atBeta = await roomOf(bob, ["gil", "ann"]);
    const untouched = await roomOf(ann, ["bob"]);
    const direct = await gil.client.openDirect("bob");
    await direct.done;

    const [toldAtAlpha, toldAtBeta] = await disable("gil");
    const homedAt = (siteId: string) =>
      [owned, atBeta, direct].filter((room) => room.siteId === siteId).length;
    expect(toldAtAlpha).toContain(
      `Retired 1 disabled accounts from ${homedAt("alpha")} rooms homed at alpha.`,
    );
    expect(toldAtBeta).toContain(`Retired 1 disabled accounts from ${homedAt("beta")} rooms homed at beta.`);

    for (const room of [owned, atBeta, direct]) {
      expect(await happens(() => gil.events.some(isAbout(room, "removed")))).toBe(true);
      expect(await happens(() => keyVersionsOf(bob, room).has(1))).toBe(true);
      expect(keyVersionsOf(gil, room).has(1)).toBe(false);
    }
    const [, removal] = await logOf(alpha, owned);
    expect(removal).toMatchObject({
      type: "members_removed",
      actor: { account: "system", kind: "system", onBehalfOf: "gil" },
      data: { cause: "disabled", account: "gil", promoted: "ann" },
    });
    expect(await happens(() => keyVersionsOf(ann, owned).has(1))).toBe(true);
    await ann.client.send(owned, { content: "without gil" });
    expect(await happens(() => bob.opened(owned.roomId).includes("without gil"))).toBe(true);
    expect(gil.opened(owned.roomId)).toEqual([]);
    await expect(gil.client.listMembers(owned)).rejects.toMatchObject({ reason: "account_disabled" });
    await expect(gil.client.getKey(owned, 0)).rejects.toMatchObject({ reason: "account_disabled" });
    expect(await logOf(alpha, untouched)).toHaveLength(1);
    for (const room of [owned, atBeta])
      expect(await happens(async () => (await differencesIn(room)).length === 0)).toBe(true);
  });

  test("and imported again, while rooms are busy, change nothing but what is asked for", async () => {
    const { ann, gus, hal } = cast;
    const busy = await roomOf(ann, ["gus", "hal"]);
    const atBeta = await roomOf(hal, ["gus", "ann"]);
    const asked: Promise<unknown>[] = [];
    const keepBusy = async (): Promise<void> => {
      for (let round = 0; round < 10; round += 1) {
        await (
          await ann.client.addMembers(busy, { users: ["bob"] })
        ).done;
        await (
          await ann.client.removeMember(busy, "bob")
        ).done;
      }
    };
    asked.push(keepBusy());
    await disable("gil", "gus", "hal");
    await Promise.all(asked);
    const [commands, retirements] = [await logOf(alpha, busy), await logOf(beta, atBeta)];
    const gone = (events: readonly CanonicalEvent[]) =>
      events.flatMap((event) =>
        event.type === "members_removed" && event.data.cause === "disabled" ? event.data.removed : [],
      );
    expect(gone(commands).toSorted()).toEqual(["gus", "hal"]);
    expect(commands).toHaveLength(1 + 20 + 2);
    expect(gone(retirements).toSorted()).toEqual(["gus", "hal"]);
    expect(await happens(async () => (await differencesIn(busy)).length === 0)).toBe(true);
    const { state } = await beta.verify(atBeta.roomId);
    expect([...(state?.members.values() ?? [])]).toMatchObject([{ account: "ann", role: "owner" }]);
    expect(await happens(() => gus.events.some(isAbout(atBeta, "removed")))).toBe(true);

    const told = await disable("gil", "gus", "hal");
    expect(told.map((text) => /Retired \d+ .* from \d+/.exec(text)?.[0])).toEqual([
      "Retired 0 disabled accounts from 0",
      "Retired 0 disabled accounts from 0",
    ]);
    expect(await logOf(alpha, busy)).toHaveLength(commands.length);
    expect(await logOf(beta, atBeta)).toHaveLength(retirements.length);
  });

  test("stay in rooms while room-service is away, which the import says; importing again takes them out", async () => {
    const { ann } = cast;
    await disable();
    const room = await roomOf(ann, ["bob"]);
    await (
      await ann.client.addMembers(room, { users: ["hal"] })
    ).done;
    const service = stack.site("alpha").process("room-service");
    await service.stop();
    await expect(disable("hal")).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("run this import again") as unknown,
    });
    await stack.site("alpha").startProcess("room-service");
    const [told] = await disable("hal");
    expect(told).toContain("Retired 1 disabled accounts from 1 rooms homed at alpha.");
    expect((await logOf(alpha, room)).at(-1)).toMatchObject({ data: { cause: "disabled", account: "hal" } });
  });
});
