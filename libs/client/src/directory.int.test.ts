import { connect } from "@nats-io/transport-node";
import { listOrgMembers, searchDirectory } from "@parley/contract/directory";
import { addMembers, createRoom } from "@parley/contract/room-requests";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { describe, expect, inject, onTestFinished, test } from "vitest";

import { listing, openPeerSite, type PeerRoom, peerRoom } from "../test/peer-site.ts";
import { connectParleyOn } from "./connect.ts";

/** ann, in no room, at a site whose service side the test plays. */
async function stage() {
  const site = await openPeerSite(inject("natsUrl"));
  onTestFinished(() => site[Symbol.asyncDispose]());
  await listing(site, () => []);
  const client = await connectParleyOn(
    { suite: nodeSuite, connect },
    { servers: inject("natsUrl"), siteId: site.siteId, account: "ann" },
  );
  onTestFinished(() => client.close());
  return { site, room: peerRoom(site), client };
}

const accepted = (room: PeerRoom, requestId: string) => ({
  status: "accepted" as const,
  requestId,
  roomId: room.roomId,
  siteId: room.siteId,
  revision: 1,
  roomType: "channel" as const,
  done: true,
});

async function allOf<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** What a request says, as far as these tests look. */
interface Said {
  readonly after?: string;
  readonly kinds?: readonly string[];
  readonly channels?: readonly object[];
}
const said = ({ body }: { readonly body: Said }): Said => body;

describe("the directory", () => {
  const bob = { account: "bob", userId: "0".repeat(17), kind: "person" as const, name: "Bob" };
  const cat = { ...bob, account: "cat", name: "Cat" };

  test("is searched to its last page", async () => {
    const { site, client } = await stage();
    const row = (person: typeof bob) => ({ ...person, homeSite: site.siteId });
    await site.answer(searchDirectory, (asked) =>
      said(asked).after === undefined ? { entries: [row(bob)], next: "more" } : { entries: [row(cat)] },
    );
    const found = await allOf(client.directoryEntries({ prefix: "b", kinds: ["person"] }));
    expect(found).toEqual([row(bob), row(cat)]);
    expect(site.asked(searchDirectory).map((asked) => said(asked).after)).toEqual([undefined, "more"]);
    expect(site.asked(searchDirectory).every((asked) => said(asked).kinds?.join() === "person")).toBe(true);
  });

  test("names the people of an org, page by page or all of them", async () => {
    const { site, client } = await stage();
    const member = (person: typeof bob) => ({ ...person, siteId: site.siteId });
    await site.answer(listOrgMembers, (asked) => {
      const page =
        said(asked).after === undefined
          ? { members: [member(bob)], next: "bob" }
          : { members: [member(cat)] };
      return { orgId: "eng", name: "Engines", ...page };
    });
    expect(await client.orgMembers("eng", { limit: 1 })).toMatchObject({ name: "Engines", next: "bob" });
    expect(await allOf(client.membersOfOrg("eng"))).toEqual([member(bob), member(cat)]);
  });
});

test("channels are referred to by their two ids, whatever else is known of them", async () => {
  const { site, client, room } = await stage();
  await site.answer(createRoom, ({ requestId }) => ({
    ...accepted(room, requestId),
    roomType: "channel" as const,
  }));
  await site.answer(addMembers, ({ requestId }) => accepted(room, requestId));
  const { roomId, siteId } = room;
  await client.createRoom({ name: "Plans", channels: [room] });
  await client.addMembers(room, { channels: [room, { roomId, siteId: "site-b" }] });
  expect(site.asked(createRoom)[0]?.body).toEqual({ name: "Plans", channels: [{ roomId, siteId }] });
  expect(site.asked(addMembers).flatMap((asked) => said(asked).channels ?? [])).toEqual([
    { roomId, siteId },
    { roomId, siteId: "site-b" },
  ]);
});
