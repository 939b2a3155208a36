import type { RoomReference } from "@parley/client/client-events";
import { serviceInboxPrefix } from "@parley/contract/headers";
import type { Site } from "@parley/local-stack/site";
import { connectNats } from "@parley/messaging/connect-nats";
import { connectMongo } from "@parley/mongo/connect-mongo";
import { mongoRoomDocumentStore } from "@parley/mongo/room-document-store.mongo";
import { mongoSubscriptionStore } from "@parley/mongo/subscription-store.mongo";
import { createEventReader } from "@parley/room-log/event-reader";
import { verifyRoom } from "@parley/room-log/verify-room";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";

import type { Stage } from "./stage.ts";

const SHOWN = 10;

/** Scene 6: the room's log alone says why the room is as it is. */
export async function replay(stage: Stage, site: Site, room: RoomReference): Promise<void> {
  stage.scene("The room's log is replayed from the stream");
  const { siteId } = site;
  const process = "room-service";
  const credentials = site.users.services[process];
  await using stack = new AsyncDisposableStack();
  const broker = await connectNats({
    url: `nats://${encodeURIComponent(credentials.user)}:${credentials.password}@${new URL(site.nats.url).host}`,
    name: "replay",
    inboxPrefix: `${serviceInboxPrefix(siteId)}.${process}`,
    domain: siteId,
  });
  stack.defer(() => broker.close());
  const mongo = await connectMongo({ url: site.mongo.url, database: `parley_${siteId}`, appName: "replay" });
  stack.defer(() => mongo.close());

  const recorder = createMemoryRecorder();
  const reader = createEventReader({ broker, siteId, process, recorder });
  const rooms = mongoRoomDocumentStore(mongo.database);
  const subscriptions = mongoSubscriptionStore(mongo.database);
  const { events, state, differences } = await verifyRoom({ reader, rooms, subscriptions }, room.roomId);
  for (const { event } of events) {
    const { revision, type, actor, prev, rosterHash } = event;
    const chain = (prev === "" ? "first" : prev).slice(0, SHOWN).padEnd(SHOWN);
    const who = actor.onBehalfOf ?? actor.account;
    stage.line(
      `${revision}  ${type.padEnd(16)} ${who.padEnd(8)} prev ${chain}  roster ${rosterHash.slice(0, SHOWN)}`,
    );
  }
  stage.check(
    "every event continues chain and roster hash",
    events.length === state?.revision,
    `${events.length} events`,
  );
  stage.check("the fold of the log equals the projection", differences.length === 0, differences.join(", "));
}
