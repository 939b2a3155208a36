/** What the broker says of a source of INBOX that is declared. */
export interface SeenSource {
  /** Messages of the peer's OUTBOX that it knows of and has not taken. */
  readonly lagMessages: number;
  /** How long nothing was heard of it (ms); `undefined`: nothing since it was declared. */
  readonly silentMs: number | undefined;
}

/** What is remembered of a lane from one look to the next; moments in ms of a clock that only rises. */
export interface LaneRecord {
  /** Since when its source was seen declared and not heard from. */
  readonly unheardSince: number | undefined;
  /** Kicks since the source was last heard from. */
  readonly kicks: number;
  /** It is not kicked before. */
  readonly nextKickAt: number;
}

/** A lane that nothing is known of. */
export const NEW_LANE: LaneRecord = { unheardSince: undefined, kicks: 0, nextKickAt: 0 };

/** The other side sends a sign of life each second: one that is silent for longer has missed one (ms). */
const SILENT_MAX_MS = 2000;
/** A source is heard from 0.1 to 0.3 s after it was declared; measured with the link up (ms). */
const UNHEARD_MAX_MS = 1000;
const BACK_OFF_MIN_MS = 1000;
const BACK_OFF_MAX_MS = 30_000;

type Condition = "heard" | "waited for" | "stale";

function conditionOf(source: SeenSource | undefined, unheardMs: number): Condition {
  if (!source) return "stale";
  if (source.silentMs === undefined) return unheardMs > UNHEARD_MAX_MS ? "stale" : "waited for";
  return source.silentMs > SILENT_MAX_MS ? "stale" : "heard";
}

/**
 * Whether a lane stands still and may be kicked now: its source is missing, or silent for longer than any that is idle.
 * `source`: as it is seen now, absent when INBOX does not declare it.
 */
export function judgeLane(
  lane: LaneRecord,
  source: SeenSource | undefined,
  now: number,
): { readonly lane: LaneRecord; readonly isDue: boolean } {
  const isUnheard = source !== undefined && source.silentMs === undefined;
  const unheardSince = isUnheard ? (lane.unheardSince ?? now) : undefined;
  const condition = conditionOf(source, now - (unheardSince ?? now));
  if (condition === "heard") return { lane: NEW_LANE, isDue: false };
  return { lane: { ...lane, unheardSince }, isDue: condition === "stale" && now >= lane.nextKickAt };
}

/** The lane after a kick at `now`: the next one waits, twice as long each time while nothing is heard. */
export function kicked(lane: LaneRecord, now: number): LaneRecord {
  const waitMs = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** lane.kicks);
  return { unheardSince: undefined, kicks: lane.kicks + 1, nextKickAt: now + waitMs };
}
