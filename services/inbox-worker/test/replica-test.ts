import type { RoomCommand } from "@parley/room/command";
import { add, createChannel, person } from "@parley/room/test/fixtures";
import { expect, test as base } from "vitest";

import { at, laneOf, storyOf } from "./lane.ts";
import { newSiteId, openReplicaSite, type ReplicaSite } from "./replica-site.ts";

export const HOME = newSiteId();
export const SILENT_HOME = newSiteId();
export const HERE = newSiteId();
const limits = { maxRoomSize: 100, maxBatchSize: 100, knownSites: new Set([HOME, SILENT_HOME, HERE]) };
export const bob = at(HERE, "bob");
export const eve = at(HERE, "eve");
export const zoe = at(HERE, "zoe");
/** Somebody of the room's home, whose coming and going concerns nobody here. */
export const cat = at(HOME, "cat");
let rooms = 0;

/** A channel that ann made at its home with bob, unless told otherwise, and what became of it. */
export function story(of: { home?: string; users?: (typeof bob)[] }, ...commands: readonly RoomCommand[]) {
  const { home: siteId = HOME, users = [bob] } = of;
  const roomId = `room${String((rooms += 1)).padStart(13, "0")}`;
  const creator = person("ann", { siteId });
  const log = storyOf(createChannel({ users }, { siteId, roomId, creator, limits }), ...commands);
  const last = log.at(-1);
  if (!last) throw new Error("nothing happened");
  return { roomId, log, lane: laneOf(log, HERE), state: last.state };
}
export const addUsers = (...users: readonly (typeof bob)[]) => add("ann", { users }, { limits });

/** A test with a site of the file's own that holds replicas of two homes. */
export const test = base.extend("site", { scope: "file" }, async ({}, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  return openReplicaSite(stack, { siteId: HERE, homes: [HOME, SILENT_HOME] });
});

export const standing = async (site: ReplicaSite, roomId: string): Promise<readonly string[]> =>
  (await site.rowsOf(roomId))
    .filter((row) => row["removedAt"] === undefined)
    .map((row) => String(row["account"]))
    .toSorted();

/** Who was told what since it was asked last, in order; everybody told must be at home here, and told by this site. */
export const told = async (site: ReplicaSite): Promise<readonly string[]> =>
  (await site.heard()).map(({ subject, body: { action, revision } }) => {
    const { account, homeSite, fromSite } = site.notices.parse(subject);
    expect([homeSite, fromSite]).toEqual([HERE, HERE]);
    return `${account} ${action} ${revision}`;
  });

/** Everything the site holds of a room. */
export const held = async (site: ReplicaSite, roomId: string) => ({
  ...(await site.replicas.find(roomId)),
  key: await site.keys.getVersion(roomId),
  rows: await standing(site, roomId),
});
