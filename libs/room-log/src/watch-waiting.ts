import type { Log, Recorder } from "@parley/contract/observe";
import type { ProcessName } from "@parley/contract/processes";
import { pause } from "@parley/concurrency/pause";
import type { WaitingRoomStore } from "@parley/mongo/waiting-room-store";

const LOOK_EVERY_MS = 5000;
/** A wait above this is an alarm: nothing heals by itself any more (SPEC-rooms 7.3). */
const ALARM_AFTER_MS = 30_000;
/** The same alarm is not written more often (ms). */
const ALARM_EVERY_MS = 60_000;

interface Deps {
  readonly process: ProcessName;
  readonly backlog: () => ReturnType<WaitingRoomStore["backlog"]>;
  readonly recorder: Recorder;
  readonly log: Log;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** Shows how many rooms wait and for how long, and raises the alarm, until disposed. */
export function watchWaiting(deps: Deps): AsyncDisposable {
  const { process, recorder, log } = deps;
  const stop = new AbortController();
  const gauges = new DisposableStack();
  let rooms = 0;
  let oldestWaitMs = 0;
  let alarmedAt = -ALARM_EVERY_MS;
  gauges.use(recorder.gauge("rooms_waiting", { process }, () => rooms));
  gauges.use(recorder.gauge("rooms_oldest_wait_seconds", { process }, () => oldestWaitMs / 1000));

  const look = async (): Promise<void> => {
    const backlog = await deps.backlog();
    const now = deps.now();
    ({ rooms } = backlog);
    oldestWaitMs = backlog.oldestSince === undefined ? 0 : Math.max(0, now - backlog.oldestSince);
    if (oldestWaitMs <= ALARM_AFTER_MS || now - alarmedAt < ALARM_EVERY_MS) return;
    alarmedAt = now;
    log.error("rooms_wait_too_long", { rooms, oldestWaitSeconds: Math.round(oldestWaitMs / 1000) });
  };

  const running = (async () => {
    while (!stop.signal.aborted) {
      await look().catch((error: unknown) => log.warn("waiting_rooms_not_counted", {}, error));
      await pause(LOOK_EVERY_MS, stop.signal);
    }
  })();

  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      gauges.dispose();
    },
  };
}
