import { userSubjects } from "@parley/contract/notices";
import { describe, expect, test } from "vitest";

import { peerRow } from "../test/peer-row.ts";
import { listing, peerRoom } from "../test/peer-site.ts";
import { ACCOUNT, next, stage } from "../test/stage.ts";

describe("own state", () => {
  test("is told by the value that is named, and outlasts a change of role", async () => {
    const { site, room, client, events } = await stage();
    const { roomId, siteId } = room;
    const tell = (action: string, at: number, own: object): void =>
      site.publish(
        userSubjects.subscriptionUpdate.of({ homeSite: site.siteId, account: ACCOUNT, fromSite: siteId }),
        { action, roomId, siteId, at, subscription: { ...room.row({}).subscription, ...own } },
      );
    tell("muted", 5, { muted: true });
    expect(await next(events, "read", "muted")).toEqual({ type: "muted", roomId, siteId, muted: true });
    tell("muted", 4, { muted: false });
    tell("read", 6, { lastSeenAt: 70 });
    tell("read", 7, { lastSeenAt: 60 });
    tell("favourite", 8, { favourite: true });
    expect(await next(events, "read", "muted")).toEqual({ type: "read", roomId, siteId, lastSeenAt: 70 });
    expect(await next(events, "read", "muted", "favourite")).toMatchObject({ type: "favourite" });
    room.tellUpdate(ACCOUNT, "role_changed", 8);
    await next(events, "role_changed");
    const own = { muted: true, favourite: true, lastSeenAt: 70 };
    expect(client.room(roomId)?.subscription).toMatchObject(own);
  });

  test("is the own site's to tell alone, also of a room that lives elsewhere", async () => {
    const { site, events } = await stage();
    const roomId = peerRoom(site).roomId;
    const siteId = "elsewhere";
    const { room, subscription } = peerRow({ roomId, siteId });
    const tell = (fromSite: string, update: object): void =>
      site.publish(
        userSubjects.subscriptionUpdate.of({ homeSite: site.siteId, account: ACCOUNT, fromSite }),
        { roomId, siteId, at: 5, room, subscription, ...update },
      );
    tell(site.siteId, { action: "added", revision: 1 });
    await next(events, "added");
    tell(siteId, { action: "muted", at: 9, subscription: { ...subscription, muted: true } });
    tell(site.siteId, { action: "favourite", subscription: { ...subscription, favourite: true } });
    expect((await next(events, "muted", "favourite")).type).toBe("favourite");
  });

  test("listed anew shows what another client of the account set meanwhile", async () => {
    const { site, room, pair, client, events, connection } = await stage();
    const { roomId, siteId } = room;
    const row = room.row({ key: pair });
    const set = { ...row.subscription, muted: true, lastSeenAt: 50 };
    await listing(site, () => [{ ...row, subscription: set }]);
    await connection.reconnect();
    expect(await next(events, "read", "muted")).toEqual({ type: "read", roomId, siteId, lastSeenAt: 50 });
    expect(await next(events, "read", "muted")).toEqual({ type: "muted", roomId, siteId, muted: true });
    expect(client.room(roomId)?.subscription).toEqual(set);
  });
});
