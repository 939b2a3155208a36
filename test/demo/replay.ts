import type { RoomReference } from "@parley/client/client-events";
import type { Site } from "@parley/local-stack/site";

import { inspectSite } from "../cast/inspect-site.ts";
import type { Stage } from "./stage.ts";

const SHOWN = 10;

/** Scene 6: the room's log alone says why the room is as it is. */
export async function replay(
  stage: Stage,
  site: Site,
  room: RoomReference & { name: string },
): Promise<void> {
  stage.scene(`The log of "${room.name}" is replayed from the stream`);
  await using inspection = await inspectSite(site);
  const { events, state, differences } = await inspection.verify(room.roomId);
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
