import type { Client } from "@parley/client/client";
import { LIMITS } from "@parley/contract/limits";
import { listHistory } from "@parley/contract/messages";
import type { DirectoryEntry } from "@parley/contract/directory";
import { userIdOf } from "@parley/contract/ids";
import type { Site } from "@parley/local-stack/site";
import { userEndpoint } from "@parley/messaging/endpoint";
import { serveEndpoints } from "@parley/messaging/serve-endpoints";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";

import { inspectSite } from "./inspect-site.ts";
import { type Provocations, refused } from "./provocation.ts";

/** The least that a room-service may be told: two members and two accounts at a time. */
export const SMALL = { MAX_ROOM_SIZE: "2", MAX_BATCH_SIZE: "2" };
const MAX = 2;

/** A site of small limits. */
export interface SmallSite {
  readonly site: Site;
  readonly ann: Client;
}

/** Serves a history that no broker can carry, in the place of message-service, until disposed. */
async function serveHugeHistory({ site, ann }: SmallSite) {
  await using opening = new AsyncDisposableStack();
  const messageService = site.process("message-service");
  await messageService.stop();
  opening.defer(() => messageService.restart());
  const { broker } = opening.use(await inspectSite(site, "message-service"));
  const { account, siteId: homeSite } = ann;
  const caller: DirectoryEntry = {
    account,
    userId: userIdOf(account),
    kind: "person",
    homeSite,
    enabled: true,
    admin: false,
    words: [],
  };
  const serving = await serveEndpoints({
    broker,
    siteId: site.siteId,
    process: "message-service",
    callers: { find: async () => caller, findFresh: async () => caller },
    maxInFlight: 1,
    recorder: createMemoryRecorder(),
    log: createMemoryLog(),
    endpoints: [
      userEndpoint(listHistory, async () => ({ messages: [], next: "x".repeat(broker.payloadBytesMax) })),
    ],
  });
  opening.defer(() => serving.stop());
  const opened = opening.move();
  return {
    limitBytes: broker.payloadBytesMax - LIMITS.replyMarginBytes,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** What does not fit. */
export const LIMIT_PROVOCATIONS = {
  batch_too_large: ({ ann }) =>
    refused(ann.createRoom({ name: "Three at a time", users: ["p1", "p2", "p3"] }), {
      max: MAX,
      attempted: 3,
    }),

  max_room_size_reached: async ({ ann }) => {
    const room = await ann.createRoom({ name: "Full", users: ["p1"] });
    return refused(ann.addMembers(room, { users: ["p2", "p3"] }), {
      maxRoomSize: MAX,
      attempted: 4,
      currentUserCount: 2,
    });
  },

  response_too_large: async (small) => {
    await using serving = await serveHugeHistory(small);
    const { limitBytes } = serving;
    const { roomId } = await small.ann.createRoom({ name: "Long history" });
    return await refused(small.ann.history({ roomId, siteId: small.site.siteId }), { limitBytes });
  },
} satisfies Provocations<SmallSite>;
