import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { messageNotices, messageView, roomEvent, sealed, typingNotice } from "@parley/contract/messages";
import {
  roomKeyNotice,
  roomNotices,
  roomSubjects,
  subscriptionUpdate,
  userSubjects,
} from "@parley/contract/notices";
import { jobResult, memberRow, orgRow, roomListRow } from "@parley/contract/room-requests";
import { roomView, subscriptionView } from "@parley/contract/shapes";
import { EVENT_OPERATIONS } from "@parley/room/operation";

import { describeSchema, type Schema } from "./describe-schema.ts";
import { NOTICES, UPDATES } from "./event-examples.ts";
import {
  DEVICE_ID,
  exampleRoom,
  exampleSubscription,
  HANDED_KEY,
  ROOM_ID,
  ROOM_KEY,
  SITE_ID,
} from "./example-values.ts";
import { code, json, sections, table } from "./markdown.ts";
import { fieldTable } from "./request-block.ts";
import { REQUEST_PAGES } from "./requests.ts";
import { ROOT } from "./root.ts";

interface ReadableSchema extends Schema {
  parse(value: unknown): unknown;
}

/** One family of events and an example of it. */
interface EventPage {
  readonly title: string;
  readonly subjects: readonly string[];
  readonly about: string;
  readonly schema: ReadableSchema;
  readonly example: object;
  /** Others of the family. */
  readonly more?: readonly object[];
}

const ROSTER = { rosterDigest: HANDED_KEY.rosterDigest, revision: HANDED_KEY.revision };
const userEvent = { roomId: ROOM_ID, siteId: SITE_ID, at: 1_750_000_000_000 };

function anchorEvent(): object {
  const vectors: unknown = JSON.parse(readFileSync(join(ROOT, "test/vectors/seal-committed.json"), "utf8"));
  assert(Array.isArray(vectors));
  const [{ input, expect }] = vectors;
  const { type, roomId, id, at } = input;
  return { type, roomId, siteId: SITE_ID, id, at, seq: 42, prevSeq: 40, revision: 4, sealed: expect.sealed };
}

const pages = (): readonly EventPage[] => [
  {
    title: "subscription.update",
    subjects: [userSubjects.subscriptionUpdate.template],
    about:
      "The account's own relation to a room changed. `added`, `removed` and `role_changed` carry the room's revision; `removed` says no more than that. `by` is who did it. `read`, `muted` and `favourite` come from the own site alone when any client of the account asked for it; they have no revision and may overtake each other: keep the highest `lastSeenAt`, and of each setting what has the latest `at`.",
    schema: subscriptionUpdate,
    example: {
      action: "added",
      ...userEvent,
      revision: 1,
      by: "ann",
      room: exampleRoom,
      subscription: exampleSubscription,
    },
    more: UPDATES,
  },
  {
    title: "room.key",
    subjects: [userSubjects.roomKey.template],
    about:
      "A key of a room, and the roster it was handed out for. There is no public key: derive it from the private one. To an account with devices it comes wrapped for each of them, under `devices` by device id.",
    schema: roomKeyNotice,
    example: { ...userEvent, version: 3, privateKey: ROOM_KEY, ...ROSTER },
    more: [{ ...userEvent, version: 3, devices: { [DEVICE_ID]: HANDED_KEY.wrapped }, ...ROSTER }],
  },
  {
    title: "Room events",
    subjects: [
      roomSubjects.event.template,
      roomSubjects.member.template,
      roomSubjects.typing.template,
      userSubjects.room.template,
    ],
    about:
      "What happens in a room: on the first three subjects for a channel, on the last, once per participant and with the same bytes, for a dm or agentDm. `id` is the message id, of a notice the revision in decimal. `seq`, `prevSeq` and `revision` are hints outside the seal; only messages and their changes have `seq` and `prevSeq`; `typing` has none of the three and a random `id`. The plaintext of `message_created` is a `message`.",
    schema: roomEvent,
    example: anchorEvent(),
  },
  {
    title: "Job results",
    subjects: [userSubjects.response.template],
    about:
      "The one outcome of an accepted command. A stored event is a fact, so today every job ends in `ok`; `error`, `code` and `reason` are left to later operations.",
    schema: jobResult,
    example: {
      requestId: "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
      operation: "member.remove",
      status: "ok",
      roomId: ROOM_ID,
      revision: 3,
      at: 1_750_000_001_000,
    },
  },
];

/** An example as JSON, which its schema must take as it stands. */
function checked(title: string, schema: ReadableSchema, example: object): string {
  assert.deepEqual(schema.parse(example), example, `an example of ${title} is not what its schema says`);
  return json(example);
}

function eventSection({ title, subjects, about, schema, example, more = [] }: EventPage): string {
  return sections(
    `#### ${title}`,
    subjects.map((subject) => `- ${code(subject)}`).join("\n"),
    about,
    fieldTable(schema),
    ...[example, ...more].map((each) => checked(title, schema, each)),
  );
}

const OPERATIONS = new Set<string>(REQUEST_PAGES.commands.map(({ declaration }) => declaration.operation));

const MESSAGE_CAUSES = {
  message_edited: code("msg.edit"),
  message_deleted: code("msg.delete"),
  message_reacted: code("msg.react"),
  message_pinned: code("msg.pin"),
  typing: "the client's own publish",
} as const satisfies Record<keyof typeof messageNotices | "typing", string>;

function noticeTable(): string {
  const rows = Object.entries(roomNotices).map(([type, schema]) => {
    const operation = EVENT_OPERATIONS[type as keyof typeof roomNotices];
    const suffix = ["members_added", "members_removed", "role_changed"].includes(type)
      ? ".event.member"
      : ".event";
    return [
      code(type),
      code(suffix),
      describeSchema(schema),
      OPERATIONS.has(operation) ? code(operation) : "no request yet",
    ];
  });
  const ofMessages = Object.entries({ ...messageNotices, typing: typingNotice }).map(([type, schema]) => [
    code(type),
    code(type === "typing" ? ".event.typing" : ".event"),
    describeSchema(schema),
    MESSAGE_CAUSES[type as keyof typeof MESSAGE_CAUSES],
  ]);
  return table(["type", "subject ends in", "plaintext", "brought about by"], [...rows, ...ofMessages]);
}

/** Block `events` of client-api.md. */
export const eventsBlock = (): string => sections(...pages().map(eventSection));

/** Block `notices` of client-api.md. */
export const noticesBlock = (): string =>
  sections(
    noticeTable(),
    "An example of each plaintext:",
    ...Object.entries(roomNotices).map(([type, schema]) =>
      sections(`${code(type)}:`, checked(type, schema, NOTICES[type as keyof typeof roomNotices])),
    ),
  );

const SHAPES = {
  room: roomView,
  subscription: subscriptionView,
  "room row": roomListRow,
  "member row": memberRow,
  "org row": orgRow,
  message: messageView,
  sealed,
} as const;

/** Block `shapes` of client-api.md: what stands in replies and events by its name. */
export const shapesBlock = (): string =>
  sections(...Object.entries(SHAPES).map(([name, schema]) => sections(`\`${name}\`:`, fieldTable(schema))));
