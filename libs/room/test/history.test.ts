import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { parseStoredEvent } from "@parley/contract/events";
import { Failure } from "@parley/contract/failure";
import { chainOf } from "../src/chain.ts";
import { evolve } from "../src/evolve.ts";
import { LawBroken } from "../src/law-broken.ts";
import { lostAccess } from "../src/membership.ts";
import { rosterDigestOf, rosterHashOf } from "../src/roster-hash.ts";
import { fromSnapshot, toSnapshot } from "../src/snapshot.ts";
import type { RoomState } from "../src/state.ts";

import { randomHistory } from "./random-history.ts";
import type { HistoryStep, RandomHistory } from "./random-history.ts";

const fold = (log: RandomHistory["log"]): RoomState | undefined =>
  log.reduce<RoomState | undefined>((state, { event, bytes }) => evolve(state, event, bytes), undefined);

/** Whether the law holds for every random life of a channel. */
const always = (law: (history: RandomHistory) => void): void =>
  fc.assert(
    fc.property(randomHistory(), (history) => {
      law(history);
    }),
    { numRuns: 40 },
  );
const alwaysStep = (law: (step: HistoryStep) => void): void => always(({ steps }) => steps.forEach(law));

const eventOf = ({ outcome }: HistoryStep) =>
  outcome instanceof Failure || outcome.outcome !== "event" ? undefined : outcome.event;

describe("the log of a random history", () => {
  it("has the revisions 1, 2, 3 … and a chain over the stored bytes", () => {
    always(({ log }) => {
      let chain = "";
      for (const [index, { event, bytes }] of log.entries()) {
        expect(event.revision).toBe(index + 1);
        expect(event.prev).toBe(chain);
        chain = chainOf(bytes);
      }
    });
  });

  it("stores bytes that read back as the event that was decided", () => {
    always(({ log }) => {
      for (const { event, bytes } of log)
        expect(parseStoredEvent(bytes)).toStrictEqual({ kind: "event", event });
    });
  });

  it("folds to the state that decide promised", () => {
    always(({ log, state }) => expect(fold(log)).toStrictEqual(state));
  });

  // R40
  it("keeps a roster hash that equals the recount after every event", () => {
    alwaysStep((step) => {
      if (!step.after) return;
      expect(step.after.rosterHash).toBe(rosterHashOf(step.after.members.values()));
    });
  });

  // R34
  it("never leaves the channel without an individual owner while it is open", () => {
    alwaysStep(({ after }) => {
      if (after!.closed) return;
      const owners = [...after!.members.values()].filter(({ role }) => role === "owner");
      expect(owners.length).toBeGreaterThan(0);
      expect(owners.every(({ individual }) => individual)).toBe(true);
    });
  });

  it("changes the key if and only if somebody lost access, joined under the policy, or a rotation was asked for", () => {
    alwaysStep((step) => {
      const event = eventOf(step);
      if (!event || !step.before) return;
      const lost = lostAccess(step.before, step.after!).length > 0;
      const joined = event.type === "members_added" && event.data.added.length > 0;
      const closes = joined && step.before.settings.rekeyOnJoin === true;
      const rises = lost || closes || event.type === "key_rotated" ? 1 : 0;
      expect(step.after!.keyVersion - step.before.keyVersion).toBe(rises);
    });
  });

  it("keeps every version of before from newcomers without history where joining changes the key", () => {
    alwaysStep((step) => {
      const event = eventOf(step);
      if (event?.type !== "members_added" || event.data.history !== "none") return;
      const { settings, keyVersion } = step.before!;
      const from = settings.rekeyOnJoin === true ? keyVersion + 1 : keyVersion;
      for (const { keyFrom } of event.data.added) expect(keyFrom).toBe(from);
    });
  });

  it("has the policy that was set last, whatever else its settings became", () => {
    always(({ steps }) => {
      let isOn = false;
      for (const step of steps) {
        const event = eventOf(step);
        if (event?.type === "policy_changed") isOn = event.data.rekeyOnJoin;
        expect(step.after!.settings.rekeyOnJoin).toBe(isOn ? true : undefined);
      }
    });
  });

  it("never goes back in time, whatever the clocks of the asking processes say", () => {
    alwaysStep(({ before, after }) => expect(after!.at).toBeGreaterThanOrEqual(before?.at ?? 0));
  });

  it("never gives a newcomer more than their inviter may read", () => {
    alwaysStep((step) => {
      const event = eventOf(step);
      if (event?.type !== "members_added") return;
      const inviter = step.before!.members.get(event.actor.account)!;
      for (const entry of event.data.added) {
        expect(entry.keyFrom).toBeGreaterThanOrEqual(inviter.keyFrom);
        expect(entry.historySharedSince ?? 0).toBeGreaterThanOrEqual(inviter.historySharedSince ?? 0);
      }
    });
  });

  // R35
  it("lets only owners add to a restricted room, and nobody of another site without external access", () => {
    alwaysStep((step) => {
      const event = eventOf(step);
      if (event?.type !== "members_added") return;
      const { settings, members, siteId } = step.before!;
      const external = event.data.added.some((entry) => entry.siteId !== siteId);
      expect(settings.restricted && members.get(event.actor.account)!.role !== "owner").toBe(false);
      expect(external && !settings.externalAccess).toBe(false);
    });
  });

  it("has one owner at the end of a restriction that names one, and no other change of a member's presence", () => {
    alwaysStep((step) => {
      const event = eventOf(step);
      if (event?.type !== "room_restricted") return;
      const owners = [...step.after!.members.values()].filter(({ role }) => role === "owner");
      if (event.data.owner !== undefined)
        expect(owners.map(({ account }) => account)).toEqual([event.data.owner]);
      expect([...step.after!.members.keys()].toSorted()).toEqual([...step.before!.members.keys()].toSorted());
    });
  });

  // R123
  it("only lets members go and keys change once the room is closed", () => {
    alwaysStep((step) => {
      if (step.before?.closed !== true) return;
      expect(step.after!.closed).toBe(true);
      expect(["members_removed", "key_rotated", undefined]).toContain(eventOf(step)?.type);
    });
  });

  it("never takes an agent in through an org", () => {
    always(({ state }) => {
      for (const { kind, individual, viaOrgs } of state.members.values())
        expect(kind === "person" || (individual && viaOrgs.length === 0)).toBe(true);
    });
  });
});

describe("a command of a random history", () => {
  // R37
  it("changes nothing when it is refused, repeated or unneeded", () => {
    alwaysStep((step) => {
      if (eventOf(step)) return;
      expect(step.after).toBe(step.before);
    });
  });

  // R10
  it("returns the first outcome when its id comes again, or says that it was used for something else", () => {
    alwaysStep(({ before, command, outcome }) => {
      const earlier = before?.recentRequests.find(({ requestId }) => requestId === command.requestId);
      if (!earlier) return;
      if (outcome instanceof Failure) expect(outcome.reason).toBe("request_id_reused");
      else expect(outcome).toStrictEqual({ outcome: "repeat", revision: earlier.revision });
    });
  });

  it("leaves the state it was decided on as it was", () => {
    always(({ log, steps }) => {
      const first = steps[0]!.after!;
      expect(first).toStrictEqual(fold(log.slice(0, 1)));
    });
  });

  it("is one of every kind often enough for these laws to mean something", () => {
    const happened = new Set<string>();
    const refused = new Set<string>();
    for (const history of fc.sample(randomHistory(), { numRuns: 300, seed: 7 }))
      for (const step of history.steps) {
        const { outcome } = step;
        if (outcome instanceof Failure) refused.add(outcome.reason);
        else happened.add(outcome.outcome === "event" ? outcome.event.type : outcome.outcome);
        const event = eventOf(step);
        if (event?.type === "members_added" && event.data.rekey) happened.add("rekeying_addition");
      }
    const happenings =
      "room_created members_added members_removed role_changed room_renamed room_restricted room_closed policy_changed " +
      "key_rotated rekeying_addition unchanged repeat";
    const refusals =
      "not_room_member not_room_owner invalid_request invalid_org target_not_member member_through_org " +
      "last_owner_cannot_leave last_member_cannot_remove already_owner target_not_owner batch_too_large " +
      "promote_requires_individual cannot_demote_last_owner max_room_size_reached request_id_reused room_closed " +
      "admin_required room_too_small external_access_disabled";
    expect([...happened].toSorted()).toEqual(happenings.split(" ").toSorted());
    expect([...refused].toSorted()).toEqual(refusals.split(" ").toSorted());
  });
});

describe("applying a random log", () => {
  it("accepts each event at its own revision only, so a shuffled or doubled log folds to the same room", () => {
    const shuffled = randomHistory({ commandsMax: 12 }).chain((history) =>
      fc.tuple(
        fc.constant(history),
        fc.shuffledSubarray([...history.log, ...history.log], { minLength: 2 * history.log.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([{ log, state }, arrivals]) => {
        let room: RoomState | undefined;
        for (let round = 0; round < log.length; round += 1)
          for (const { event, bytes } of arrivals)
            if (event.revision === (room?.revision ?? 0) + 1) room = evolve(room, event, bytes);
            else expect(() => evolve(room, event, bytes)).toThrow(LawBroken);
        expect(room).toStrictEqual(state);
      }),
      { numRuns: 20 },
    );
  });

  it("goes on from a snapshot, through JSON, as if it had read the whole log", () => {
    always(({ log, state }) => {
      const half = Math.ceil(log.length / 2);
      const snapshot = toSnapshot(fold(log.slice(0, half))!);
      const restored = fromSnapshot(JSON.parse(JSON.stringify(snapshot)));
      const room = log
        .slice(half)
        .reduce((before, { event, bytes }) => evolve(before, event, bytes), restored);
      expect(room).toStrictEqual(state);
      expect(rosterDigestOf(room)).toBe(rosterDigestOf(state));
    });
  });
});
