import { roomView, subscriptionView } from "@parley/contract/shapes";
import { describe, expect, test } from "vitest";

import { directMessage, room } from "../test/rooms.ts";
import type { RoomSummary } from "./room-document-store.ts";
import { roomFieldsOf, roomIdentityOf } from "./room-fields.ts";
import { roomViewOf, subscriptionViewOf } from "./room-view.ts";

const projected = (state: ReturnType<typeof room>): RoomSummary => ({
  roomId: state.roomId,
  ...roomIdentityOf(state),
  ...roomFieldsOf(state),
  applied: state.revision,
});

describe("roomViewOf", () => {
  test("shows a channel with the revision that is applied and nothing that is not of the contract", () => {
    const view = roomViewOf(projected(room({ revision: 7 })), "ann");
    expect(view).toMatchObject({ name: "harbour", revision: 7, memberCount: 2 });
    expect(roomView.strict().parse(view)).toEqual(view);
  });

  test("calls a direct message by the other account, from either side", () => {
    const document = projected(directMessage(["ann", "bob"]));
    expect([roomViewOf(document, "ann").name, roomViewOf(document, "bob").name]).toEqual(["bob", "ann"]);
  });
});

describe("subscriptionViewOf", () => {
  test("shows the member's own row and nothing that is not of the contract", () => {
    const view = subscriptionViewOf({
      roomId: "r",
      account: "ann",
      userId: "u",
      roomSite: "alpha",
      accountSite: "alpha",
      kind: "person",
      roomType: "channel",
      revision: 3,
      role: "member",
      individual: true,
      viaOrgs: [],
      joinedAt: 5,
      keyFrom: 2,
      muted: true,
      favourite: false,
    });
    expect(view).toMatchObject({ role: "member", joinedAt: 5, keyFrom: 2, muted: true });
    expect(subscriptionView.strict().parse(view)).toEqual(view);
  });
});
