import { pause } from "@parley/concurrency/pause";
import type { Log, Recorder } from "@parley/contract/observe";
import { streamName } from "@parley/contract/streams";

import { judgeLane, kicked, NEW_LANE, type LaneRecord } from "./judge-lane.ts";
import type { LaneSources } from "./lane-sources.ts";

const LOOK_EVERY_MS = 500;

interface Deps {
  readonly peers: readonly string[];
  readonly sources: Pick<LaneSources, "look" | "renew">;
  /** Whether the peer answers at this moment. */
  readonly answers: (peer: string) => Promise<boolean>;
  /** Taken by one process of the site at a time. */
  readonly takeLease: (peer: string) => Promise<boolean>;
  readonly recorder: Recorder;
  readonly log: Log;
}

interface Lane {
  readonly peer: string;
  readonly source: string;
  record: LaneRecord;
  lagMessages: number;
  /** The attempt under way: one of a lane at a time. */
  resuming: Promise<void> | undefined;
}

/**
 * Kicks a lane that stands still as soon as its peer answers. A peer that does not is asked again at the next look, and
 * a lane that another process kicks is left to it; neither counts against the next attempt.
 */
async function resume(deps: Deps, lane: Lane): Promise<void> {
  const { peer } = lane;
  try {
    if (!(await deps.answers(peer)) || !(await deps.takeLease(peer))) return;
    await deps.sources.renew(lane.source);
    deps.log.info("inbox_source_kicked", { peer, attempt: lane.record.kicks + 1 });
  } catch (error) {
    deps.log.warn("inbox_source_not_kicked", { peer }, error);
  }
  lane.record = kicked(lane.record, performance.now());
}

async function look(deps: Deps, lanes: readonly Lane[]): Promise<void> {
  const seen = await deps.sources.look();
  const now = performance.now();
  for (const lane of lanes) {
    const source = seen.get(lane.source);
    if (source) lane.lagMessages = source.lagMessages;
    const judged = judgeLane(lane.record, source, now);
    lane.record = judged.lane;
    if (judged.isDue) lane.resuming ??= resume(deps, lane).finally(() => (lane.resuming = undefined));
  }
}

/**
 * Has every lane go on within 2 s of its link's return, however short the cut was and whether or not anybody noticed
 * it, until disposed (SPEC-rooms 7.3). Each lane is watched and kicked alone.
 */
export function watchLanes(deps: Deps): AsyncDisposable {
  const { recorder, log } = deps;
  const stop = new AbortController();
  const gauges = new DisposableStack();
  const lanes = deps.peers.map((peer): Lane => ({
    peer,
    source: streamName("OUTBOX", peer),
    record: NEW_LANE,
    lagMessages: 0,
    resuming: undefined,
  }));
  for (const lane of lanes)
    gauges.use(recorder.gauge("inbox_source_lag_messages", { peer: lane.peer }, () => lane.lagMessages));

  const running = (async () => {
    let isBlind = false;
    while (!stop.signal.aborted) {
      try {
        await look(deps, lanes);
        isBlind = false;
      } catch (error) {
        // Told once: while the broker is away every look fails.
        if (!isBlind && !stop.signal.aborted) log.warn("inbox_sources_not_seen", {}, error);
        isBlind = true;
      }
      await pause(LOOK_EVERY_MS, stop.signal);
    }
    await Promise.all(lanes.flatMap(({ resuming }) => (resuming ? [resuming] : [])));
  })();

  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      gauges.dispose();
    },
  };
}
