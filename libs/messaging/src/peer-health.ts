/** So many calls in a row without an answer in time, and the peer is not called until a ping is answered. */
const TIMEOUTS_IN_A_ROW_MAX = 2;

/** What one site knows of how a peer answers: a breaker for calls, and when to ping it next (SPEC-rooms 1.4, 3.3). */
export interface PeerHealth {
  /** Whether calls are refused at once. */
  isBlocked(): boolean;
  /** Whether the last ping was answered. */
  isUp(): boolean;
  /** Whether the last ping was missed; before the first neither holds. */
  isDown(): boolean;
  callAnswered(): void;
  /** Answers whether this call was the one that blocked the peer. */
  callTimedOut(): boolean;
  pingMissed(): void;
  /** Lets calls through again. Answers whether the peer is back: a ping had been missed since the last answer. */
  pingAnswered(): boolean;
}

/** A peer that nothing is known of yet: it may be called, and counts as up from its first answer on. */
export function createPeerHealth(): PeerHealth {
  let timeoutsInARow = 0;
  let last: "none" | "missed" | "answered" = "none";
  const isBlocked = (): boolean => timeoutsInARow >= TIMEOUTS_IN_A_ROW_MAX;
  return {
    isBlocked,
    isUp: () => last === "answered",
    isDown: () => last === "missed",
    callAnswered: () => {
      // A call sent before the breaker opened proves less than the ping that is to close it.
      if (!isBlocked()) timeoutsInARow = 0;
    },
    callTimedOut: () => {
      timeoutsInARow += 1;
      return timeoutsInARow === TIMEOUTS_IN_A_ROW_MAX;
    },
    pingMissed: () => {
      last = "missed";
    },
    pingAnswered: () => {
      const isBack = last === "missed";
      last = "answered";
      timeoutsInARow = 0;
      return isBack;
    },
  };
}
