import { describe, expect, it } from "vitest";

import {
  add,
  ann,
  bob,
  bot,
  cat,
  closeDeserted,
  createChannel,
  createDirect,
  dan,
  happening,
  org,
  person,
  refusalOf,
  retire,
  roomAfter,
  setRole,
} from "../../test/fixtures.ts";
import { decide } from "../decide.ts";
import type { RoomState } from "../state.ts";

/** What the `members_removed` that must follow says. */
function retirementOf(state: RoomState, account: string) {
  const { event } = happening(state, retire(account));
  if (event.type !== "members_removed") throw new Error(`unexpected ${event.type}`);
  return event.data;
}

const rekey = { from: 0, to: 1 };

describe("retiring a disabled account", () => {
  it("takes it out by the system and changes the key", () => {
    const room = roomAfter(createChannel({ users: [bob, cat] }));
    const { event, state } = happening(room, retire("bob"));
    expect(event.actor).toEqual({ account: "system", kind: "system" });
    expect(event.data).toEqual({ cause: "disabled", account: "bob", removed: ["bob"], updated: [], rekey });
    expect([...state.members.keys()]).toEqual(["ann", "cat"]);
    expect(state.keyVersion).toBe(1);
  });

  it("lets no org keep the account in", () => {
    const room = roomAfter(createChannel({ users: [cat], orgs: [org("eng"), org("tech")] }));
    expect(retirementOf(room, "cat").removed).toEqual(["cat"]);
  });

  // R123
  it("promotes the longest-standing individual person when no owner would remain, and nobody else", () => {
    const room = roomAfter(createChannel({ users: [bot] }), add("ann", { users: [cat] }));
    const later = roomAfter(
      createChannel({ users: [bot], orgs: [org("eng")] }),
      add("ann", { users: [dan] }),
      add("ann", { users: [person("abe")] }),
    );
    expect(retirementOf(room, "ann")).toMatchObject({ promoted: "cat", updated: [] });
    expect(retirementOf(later, "ann")).toMatchObject({ promoted: "dan", updated: [] });
    expect(happening(later, retire("ann")).state.members.get("dan")).toMatchObject({ role: "owner" });
    expect(retirementOf(later, "dan")).not.toHaveProperty("promoted");
    const shared = roomAfter(createChannel({ users: [bob, cat] }), setRole("ann", "bob", "owner"));
    expect(retirementOf(shared, "ann")).not.toHaveProperty("promoted");
  });

  it("prefers by account in byte order among those who joined together", () => {
    const room = roomAfter(createChannel({ users: [cat, bob] }));
    expect(retirementOf(room, "ann").promoted).toBe("bob");
  });

  it("names a person of an org as heir when nobody individual is left, before any agent", () => {
    const room = roomAfter(createChannel({ users: [bot], orgs: [org("eng")] }));
    const { event, state } = happening(room, retire("ann"));
    expect(event.data).toMatchObject({
      promoted: "bob",
      updated: [{ account: "bob", individual: true, viaOrgs: ["eng"], role: "owner" }],
    });
    expect(state.members.get("bob")).toMatchObject({ individual: true, role: "owner", viaOrgs: ["eng"] });
  });

  it("leaves a channel to its agent when no person is left", () => {
    const room = roomAfter(createChannel({ users: [bot] }));
    expect(retirementOf(room, "ann").promoted).toBe("bot");
  });

  // R123
  it("closes a channel first in which the account is alone", () => {
    const room = roomAfter(createChannel({}));
    expect(refusalOf(room, retire("ann"))).toEqual({ reason: "last_member_cannot_remove" });
    const closed = happening(room, closeDeserted("ann"));
    expect(closed.event).toMatchObject({ type: "room_closed", data: {} });
    const { event, state } = happening(closed.state, retire("ann"));
    expect(event.data).toEqual({ cause: "disabled", account: "ann", removed: ["ann"], updated: [], rekey });
    expect(state.members.size).toBe(0);
    expect(decide(closed.state, closeDeserted("ann"))).toEqual({ outcome: "unchanged" });
  });

  it("closes no channel that somebody else is in", () => {
    const room = roomAfter(createChannel({ users: [bob] }));
    expect(decide(room, closeDeserted("ann"))).toEqual({ outcome: "unchanged" });
    const without = happening(room, retire("bob")).state;
    expect(decide(without, closeDeserted("bob"))).toEqual({ outcome: "unchanged" });
  });

  it("ends a direct message for the account alone", () => {
    const direct = roomAfter(createDirect(ann, bob));
    const { event, state } = happening(direct, retire("bob"));
    expect(event.data).toEqual({ cause: "disabled", account: "bob", removed: ["bob"], updated: [], rekey });
    expect([...happening(state, retire("ann")).state.members.keys()]).toEqual([]);
  });

  it("needs no event for whom the room does not hold", () => {
    const room = roomAfter(createChannel({ users: [bob] }));
    expect(decide(room, retire("cat"))).toEqual({ outcome: "unchanged" });
    expect(refusalOf(undefined, retire("cat"))).toEqual({ reason: "room_not_found" });
  });

  it("answers a repeat with its first outcome, also after the account joined anew", () => {
    const room = roomAfter(createChannel({ users: [bob] }));
    const command = retire("bob");
    const without = happening(room, command).state;
    const anew = happening(without, add("ann", { users: [bob] })).state;
    expect(decide(anew, command)).toEqual({ outcome: "repeat", revision: 2 });
    expect(retirementOf(anew, "bob").removed).toEqual(["bob"]);
  });
});
