import { describe, expect, test } from "vitest";

import { directMessage, member, room } from "../test/rooms.ts";
import { roomFieldsOf, roomIdentityOf } from "./room-fields.ts";

describe("roomFieldsOf", () => {
  test("counts members, agents and sites", () => {
    const state = room({
      members: [
        member("ann", { role: "owner" }),
        member("bob", { siteId: "beta" }),
        member("helper", { kind: "agent", siteId: "beta" }),
      ],
    });
    expect(roomFieldsOf(state)).toMatchObject({ memberCount: 3, agentCount: 1, sites: ["alpha", "beta"] });
  });

  test("lists the orgs in byte order with how many members each covers", () => {
    const state = room({
      members: [
        member("ann", { role: "owner", viaOrgs: ["eng", "ops"] }),
        member("bob", { individual: false, viaOrgs: ["eng"] }),
      ],
      orgs: new Map([
        ["ops", { name: "Operations", addedAt: 2 }],
        ["eng", { name: "Engineering", addedAt: 1 }],
        ["art", { name: "Art", addedAt: 3 }],
      ]),
    });
    expect(roomFieldsOf(state).orgs).toEqual([
      { orgId: "art", name: "Art", addedAt: 3, memberCount: 0 },
      { orgId: "eng", name: "Engineering", addedAt: 1, memberCount: 2 },
      { orgId: "ops", name: "Operations", addedAt: 2, memberCount: 1 },
    ]);
  });
});

describe("roomIdentityOf", () => {
  test("names both participants of a direct message and none of a channel", () => {
    expect(roomIdentityOf(directMessage(["bob", "ann"])).participants).toEqual([
      { account: "ann", siteId: "alpha" },
      { account: "bob", siteId: "beta" },
    ]);
    expect(roomIdentityOf(room())).not.toHaveProperty("participants");
  });
});
