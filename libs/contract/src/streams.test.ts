import { describe, expect, test } from "vitest";

import { everyRequest } from "../test/every-request.ts";
import { filtersOverlap, matchesFilter } from "../test/matches-filter.ts";
import { CONSUMERS, PIN_GROUP } from "./consumers.ts";
import { canonicalSubjects, EVENT_TYPES, messageFilter, roomFilter } from "./events.ts";
import { roomSubjects, userSubjects } from "./notices.ts";
import { PROCESSES } from "./processes.ts";
import { STREAM_OWNERS, streamDeclarations, streamName, type StreamName } from "./streams.ts";

const SITE = "alpha";
const ROOM = "jHjHNiEuCoJo8Nrzp";
const declarations = streamDeclarations(SITE);
const streams = Object.keys(declarations) as StreamName[];

const capturing = (subject: string): StreamName[] =>
  streams.filter((stream) => declarations[stream].subjects.some((filter) => matchesFilter(filter, subject)));
const overlapping = (filter: string): StreamName[] =>
  streams.filter((stream) =>
    declarations[stream].subjects.some((captured) => filtersOverlap(captured, filter)),
  );

/**
 * Where a subject is stored: the broker's `{{partition(8,1)}}` becomes some digit, `{{wildcard(1)}}` the token at the
 * first `*` of the source, and the rest is kept.
 */
function storedUnder(stream: StreamName, subject: string): string {
  const { src, dest } = declarations[stream].subject_transform ?? expect.fail("the stream has no transform");
  const place = src.split(".").indexOf("*");
  const tokens = subject.split(".");
  return dest
    .replace("{{partition(8,1)}}", "3")
    .replace("{{wildcard(1)}}", tokens[place] ?? "")
    .replace(">", tokens.slice(place + 1).join("."));
}

describe("what is published to a stream", () => {
  const of = { siteId: SITE, roomId: ROOM };

  // R38
  test.each(EVENT_TYPES)("the event %s is captured by ROOMS alone", (type) => {
    expect(capturing(canonicalSubjects.roomAppend.of({ ...of, type }))).toEqual(["ROOMS"]);
  });

  // R38
  test.each([
    ["a message", canonicalSubjects.messageAppend.of({ ...of, type: "created" }), "MESSAGES_CANONICAL"],
    [
      "an event for a peer",
      canonicalSubjects.outbox.of({ ...of, dest: "beta", type: "members_added" }),
      "OUTBOX",
    ],
    [
      "a parked message",
      canonicalSubjects.dead.of({ siteId: SITE, process: "room-worker", reason: "x" }),
      "DEAD",
    ],
  ])("%s is captured by one stream alone", (_what, subject, stream) => {
    expect(capturing(subject)).toEqual([stream]);
  });

  test("of another site is captured by none of this one's", () => {
    const beta = { siteId: "beta", roomId: ROOM };

    expect(capturing(canonicalSubjects.roomAppend.of({ ...beta, type: "room_created" }))).toEqual([]);
    expect(capturing(canonicalSubjects.messageAppend.of({ ...beta, type: "created" }))).toEqual([]);
    expect(capturing(canonicalSubjects.outbox.of({ ...beta, dest: SITE, type: "room_created" }))).toEqual([]);
  });

  test("is captured only once: no two streams share a subject", () => {
    const pairs = streams.flatMap((one) =>
      streams
        .filter((other) => one < other)
        .filter((other) => declarations[other].subjects.some((filter) => overlapping(filter).includes(one)))
        .map((other) => `${one} and ${other}`),
    );

    expect(pairs).toEqual([]);
  });
});

describe("the stored subject", () => {
  test.each(EVENT_TYPES)("of %s is of the stored family and in the room's filter", (type) => {
    const append = canonicalSubjects.roomAppend.of({ siteId: SITE, roomId: ROOM, type });
    const stored = storedUnder("ROOMS", append);

    expect(stored).toBe(
      canonicalSubjects.roomStored.of({ siteId: SITE, partition: "3", roomId: ROOM, type }),
    );
    expect(matchesFilter(roomFilter({ siteId: SITE, roomId: ROOM }), stored)).toBe(true);
  });

  test("of a message is of the stored family and in the room's filter", () => {
    const append = canonicalSubjects.messageAppend.of({ siteId: SITE, roomId: ROOM, type: "created" });
    const stored = storedUnder("MESSAGES_CANONICAL", append);

    expect(canonicalSubjects.messageStored.parse(stored)).toEqual({
      siteId: SITE,
      partition: "3",
      roomId: ROOM,
      type: "created",
    });
    expect(matchesFilter(messageFilter({ siteId: SITE, roomId: ROOM }), stored)).toBe(true);
  });
});

describe("no stream captures", () => {
  // SPEC-rooms 1.1, Credentials: the whole of what a client may publish. Its reply subject is not among them, but the
  // broker would not check it, so nothing of the system may be stored on a subject that a process answers on either.
  test.each(["chat.user.*.*.request.>", "chat.user.*.*.room.>"])(
    "what a client may publish: %s",
    (filter) => {
      expect(overlapping(filter)).toEqual([]);
    },
  );

  test.each(["_INBOX.user.*.*.>", "_INBOX.svc.*.>"])("replies: %s", (filter) => {
    expect(overlapping(filter)).toEqual([]);
  });

  test.each(everyRequest.map(({ operation, subject }) => [operation, subject.filter()] as const))(
    "the request %s",
    (_operation, filter) => {
      expect(overlapping(filter)).toEqual([]);
    },
  );

  test.each(
    [...Object.values(userSubjects), ...Object.values(roomSubjects)].map((family) => [
      family.template,
      family.filter(),
    ]),
  )("the notice %s", (_template, filter) => {
    // `canonical` is reserved, so `chat.room.{siteId}…` never is a canonical subject; the wildcard filter cannot know.
    const sites = ["beta", SITE].map((siteId) => filter.replace(/^chat\.room\.\*/, `chat.room.${siteId}`));

    expect(sites.flatMap(overlapping)).toEqual([]);
  });
});

describe.each(streams)("the stream %s", (stream) => {
  const declaration = declarations[stream];

  test("is named for its site and owned by one process", () => {
    expect(declaration.name).toBe(`${stream}_${SITE}`);
    expect(streamName(stream, SITE)).toBe(declaration.name);
    expect(PROCESSES).toContain(STREAM_OWNERS[stream]);
  });

  test("is kept on disk, and no message in it can be deleted", () => {
    expect(declaration).toMatchObject({ storage: "file", retention: "limits", deny_delete: true });
  });

  test("remembers message ids for two minutes", () => {
    expect(declaration.duplicate_window).toBe(120e9);
  });
});

test("the truth and what was parked have no age; what can be sent again is kept for 30 days", () => {
  const days = Object.fromEntries(streams.map((stream) => [stream, declarations[stream].max_age / 86_400e9]));

  expect(days).toEqual({ ROOMS: 0, MESSAGES_CANONICAL: 30, OUTBOX: 30, INBOX: 30, DEAD: 0 });
});

test("the truth refuses what does not fit instead of forgetting its oldest, and is never purged", () => {
  expect(declarations.ROOMS).toMatchObject({ discard: "new", deny_purge: true });
});

describe("the consumers", () => {
  test("have names of their own, each for a stream and a process that exist", () => {
    const all = Object.values(CONSUMERS);

    expect(new Set(all.map(({ durable }) => durable)).size).toBe(all.length);
    expect(all.filter(({ stream }) => !streams.includes(stream))).toEqual([]);
    expect(all.filter(({ process }) => !PROCESSES.includes(process))).toEqual([]);
  });

  test("are one per stream and process", () => {
    const places = Object.values(CONSUMERS).map(({ stream, process }) => `${stream} ${process}`);

    expect(new Set(places).size).toBe(places.length);
  });

  test("are those of the contract", () => {
    expect(Object.values(CONSUMERS).map(({ durable, stream }) => `${durable} on ${stream}`)).toEqual([
      "room-worker on ROOMS",
      "message-store on MESSAGES_CANONICAL",
      "broadcast-worker on MESSAGES_CANONICAL",
    ]);
  });

  test("are pinned in a group whose name the broker takes", () => {
    expect(PIN_GROUP).toMatch(/^[A-Za-z0-9_-]{1,16}$/);
  });
});

test("the processes are those of one site, each once", () => {
  expect(PROCESSES).toEqual([
    "room-service",
    "room-worker",
    "inbox-worker",
    "message-service",
    "broadcast-worker",
  ]);
});
