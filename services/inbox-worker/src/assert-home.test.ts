import type { DirectoryEntry } from "@parley/contract/directory";
import { channelIdOf } from "@parley/contract/ids";
import { Unprocessable } from "@parley/messaging/park";
import { expect, test } from "vitest";

import { createAssertHome } from "./assert-home.ts";

const [FIRST, SECOND] = ["a".repeat(17), "b".repeat(17)];
const entry = (homeSite: string): DirectoryEntry => ({
  account: "ann",
  userId: FIRST,
  kind: "person",
  homeSite,
  enabled: true,
  admin: false,
  words: [],
});
const assertHome = createAssertHome({
  findByUserId: async (userId) => (userId === FIRST ? entry("site-a") : undefined),
});
const said = (roomId: string, siteId: string) => assertHome({ roomId, siteId });

test("a direct message is spoken of by the home of the user whose id sorts first, and by no other", async () => {
  await expect(said(`${FIRST}${SECOND}`, "site-a")).resolves.toBeUndefined();
  await expect(said(`${FIRST}${SECOND}`, "site-b")).rejects.toThrow(Unprocessable);
});

test("an id that no direct message can have is refused", async () => {
  await expect(said(`${SECOND}${FIRST}`, "site-a")).rejects.toThrow(Unprocessable);
});

test("a user whom the directory does not know yet is asked for again", async () => {
  const unknown = said(`${SECOND}${"c".repeat(17)}`, "site-a");
  await expect(unknown).rejects.toThrow("does not know whose");
  await expect(unknown).rejects.not.toThrow(Unprocessable);
});

test("a channel's id tells no home", async () => {
  const roomId = channelIdOf({ siteId: "site-a", account: "ann", requestId: "r" });
  await expect(said(roomId, "site-b")).resolves.toBeUndefined();
});
