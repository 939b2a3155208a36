import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { matchesFilter } from "../test/matches-filter.ts";
import {
  canonicalSubjects,
  encodeEvent,
  EVENT_TYPES,
  messageFilter,
  parseStoredEvent,
  roomFilter,
  type CanonicalEvent,
  type EventData,
  type EventType,
} from "./events.ts";
import { base62 } from "./ids.ts";

const ANN = "oRnNJiRm4DBwopLGo";
const ROOM = "jHjHNiEuCoJo8Nrzp";
const AT = 1_700_000_000_000;

const ann = {
  account: "ann",
  userId: ANN,
  siteId: "alpha",
  kind: "person",
  role: "owner",
  individual: true,
  viaOrgs: ["sect-1"],
  joinedAt: AT,
  keyFrom: 0,
} as const;

/** Data of each type with every field it may have. */
const DATA: { readonly [T in EventType]: EventData<T> } = {
  room_created: {
    roomType: "channel",
    name: "Plans",
    members: [{ ...ann, viaOrgs: [...ann.viaOrgs] }],
    orgs: [{ orgId: "sect-1", name: "Sales" }],
    settings: { restricted: false, externalAccess: true },
    keyVersion: 0,
  },
  members_added: {
    added: [{ ...ann, viaOrgs: [], historySharedSince: AT }],
    updated: [{ account: "bob", individual: true, viaOrgs: [] }],
    orgs: [],
    history: "none",
    source: { users: 1, orgs: 0, channels: 0 },
  },
  members_removed: {
    cause: "removed",
    account: "bob",
    orgId: "sect-1",
    orgName: "Sales",
    removed: ["bob"],
    updated: [{ account: "cid", individual: false, viaOrgs: ["sect-1"], role: "member" }],
    promoted: "ann",
    rekey: { from: 0, to: 1 },
  },
  role_changed: { account: "bob", from: "member", to: "owner" },
  room_renamed: { from: "Plans", to: "Old plans" },
  room_restricted: { restricted: true, externalAccess: false, owner: "ann", demoted: ["bob"] },
  room_closed: {},
  policy_changed: { rekeyOnJoin: true },
  key_rotated: { reason: "lost", rekey: { from: 0, to: 1 } },
};

const eventOf = (type: EventType): CanonicalEvent =>
  ({
    id: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e10",
    type,
    v: 1,
    siteId: "alpha",
    roomId: ROOM,
    revision: 2,
    prev: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    rosterHash: "0".repeat(64),
    actor: { account: "ann", kind: "person" },
    requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
    at: AT,
    data: DATA[type],
  }) as CanonicalEvent;

const bytesOf = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));

describe("stored bytes of a known event", () => {
  test.each(EVENT_TYPES)("%s reads back as it was written", (type) => {
    const event = eventOf(type);

    expect(parseStoredEvent(encodeEvent(event))).toEqual({ kind: "event", event });
  });

  // R5
  test("may carry fields that this release does not know, at every level: they are ignored", () => {
    const event = eventOf("members_added");
    const data = DATA.members_added;
    const richer = {
      ...event,
      signature: "x",
      actor: { ...event.actor, device: "d1" },
      data: {
        ...data,
        note: 1,
        added: data.added.map((entry) => ({ ...entry, colour: "red" })),
        source: { ...data.source, invitations: 3 },
      },
    };

    expect(parseStoredEvent(bytesOf(richer))).toEqual({ kind: "event", event });
  });
});

describe("an envelope that this release cannot follow waits for the upgrade", () => {
  const event = eventOf("room_closed");

  test.each([
    ["of an unknown type", { ...event, type: "room_archived" }],
    ["of a newer schema revision", { ...event, v: 2 }],
    ["whose type is a word of JavaScript", { ...event, type: "constructor" }],
    ["whose data has another form", { ...event, type: "key_rotated" }],
    [
      "whose data has a value of a newer release",
      { ...event, type: "key_rotated", data: { ...DATA.key_rotated, reason: "policy" } },
    ],
  ])("%s", (_what, json) => {
    expect(parseStoredEvent(bytesOf(json))).toMatchObject({
      kind: "unknown",
      envelope: { roomId: ROOM, revision: 2, type: json.type },
    });
  });
});

describe("bytes that are no envelope are garbage", () => {
  const event = eventOf("room_closed");
  const without = (field: keyof CanonicalEvent) => {
    const { [field]: _left, ...rest } = event;
    return bytesOf(rest);
  };

  test.each([
    ["nothing", new Uint8Array()],
    ["no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
    ["no JSON", new TextEncoder().encode("{")],
    ["a list", bytesOf([event])],
    ["null", bytesOf(null)],
    ["a text", bytesOf("event")],
    ["an empty object", bytesOf({})],
    ["a revision of 0", bytesOf({ ...event, revision: 0 })],
    ["a revision that is no safe integer", bytesOf({ ...event, revision: 2 ** 53 })],
    ["a schema revision of 0", bytesOf({ ...event, v: 0 })],
    ["a room id of another form", bytesOf({ ...event, roomId: "a.b" })],
    ["a reserved site", bytesOf({ ...event, siteId: "local" })],
    ["a short roster hash", bytesOf({ ...event, rosterHash: "00" })],
    ["a roster hash in upper case", bytesOf({ ...event, rosterHash: "A".repeat(64) })],
    ["an actor without kind", bytesOf({ ...event, actor: { account: "ann" } })],
    ["a moment before the epoch", bytesOf({ ...event, at: -1 })],
    ...(
      [
        "id",
        "type",
        "v",
        "siteId",
        "roomId",
        "revision",
        "prev",
        "rosterHash",
        "actor",
        "requestId",
        "at",
        "data",
      ] as const
    ).map((field): [string, Uint8Array] => [`no ${field}`, without(field)]),
  ] satisfies [string, Uint8Array][])("%s", (_what, bytes) => {
    expect(parseStoredEvent(bytes)).toEqual({ kind: "garbage", problem: expect.any(String) });
  });

  test("a problem never quotes the bytes", () => {
    const parsed = parseStoredEvent(new TextEncoder().encode('{"secret-of-ann"'));

    expect(JSON.stringify(parsed)).not.toContain("secret-of-ann");
  });
});

// R8
test("no bytes at all make the reader throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        expect(["garbage", "unknown"]).toContain(parseStoredEvent(bytes).kind);
      },
    ),
  );
});

describe("the filter of a room's stored subjects", () => {
  const site = fc.constantFrom("alpha", "beta");
  const room = fc.nat(50).map((number) => base62(String(number), number % 2 === 0 ? 17 : 34));
  const tokens = fc.record({
    siteId: site,
    roomId: room,
    partition: fc.nat(7).map(String),
    type: fc.constantFrom(...EVENT_TYPES),
  });

  // A filter that matches nothing stored would count as "no event yet" and pass every append.
  test("takes every stored event of the room, whatever its partition and type", () => {
    fc.assert(
      fc.property(tokens, (stored) => {
        expect(matchesFilter(roomFilter(stored), canonicalSubjects.roomStored.of(stored))).toBe(true);
        expect(matchesFilter(messageFilter(stored), canonicalSubjects.messageStored.of(stored))).toBe(true);
      }),
    );
  });

  test("takes nothing of another room, site or stream", () => {
    fc.assert(
      fc.property(tokens, site, room, (stored, siteId, roomId) => {
        const own = stored.siteId === siteId && stored.roomId === roomId;
        const filter = roomFilter({ siteId, roomId });

        expect(matchesFilter(filter, canonicalSubjects.roomStored.of(stored))).toBe(own);
        expect(matchesFilter(filter, canonicalSubjects.messageStored.of(stored))).toBe(false);
        expect(
          matchesFilter(messageFilter({ siteId, roomId }), canonicalSubjects.messageStored.of(stored)),
        ).toBe(own);
      }),
    );
  });

  test("is refused for tokens that would widen it", () => {
    const invalid: unknown = expect.objectContaining({ reason: "invalid_subject" });

    expect(() => roomFilter({ siteId: "alpha", roomId: "*" })).toThrow(invalid);
    expect(() => roomFilter({ siteId: "*", roomId: ROOM })).toThrow(invalid);
    expect(() => messageFilter({ siteId: "alpha", roomId: ">" })).toThrow(invalid);
  });
});
