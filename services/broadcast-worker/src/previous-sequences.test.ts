import { describe, expect, it } from "vitest";

import { createPreviousSequences } from "./previous-sequences.ts";

/** `stored`: the room's sequences in the stream. */
function setUp(stored: readonly number[]) {
  let at = 0;
  const lookedUp: number[] = [];
  const previous = createPreviousSequences({
    lookUp: async (_, sequence) => {
      lookedUp.push(sequence);
      return stored.findLast((each) => each < sequence) ?? 0;
    },
    silenceMaxMs: 1500,
    now: () => at,
  });
  const publish = async (sequence: number) => {
    const before = await previous.before("room", sequence);
    previous.published("room", sequence);
    return before;
  };
  return { publish, lookedUp, pass: (ms: number) => (at += ms) };
}

describe("createPreviousSequences", () => {
  it("looks up the first message of a room and remembers the rest", async () => {
    const { publish, lookedUp } = setUp([4, 9, 12]);

    expect([await publish(4), await publish(9), await publish(12)]).toEqual([0, 4, 9]);
    expect(lookedUp).toEqual([4]);
  });

  it("looks up a message that comes again or behind a newer one, and forgets nothing over it", async () => {
    const { publish, lookedUp } = setUp([4, 9, 12, 15]);
    await publish(4);
    await publish(12);

    expect([await publish(12), await publish(9), await publish(15)]).toEqual([9, 4, 12]);
    expect(lookedUp).toEqual([4, 12, 9]);
  });

  it("trusts its memory no more after a silence in which another process may have been active", async () => {
    const { publish, pass } = setUp([4, 9, 12, 15]);
    await publish(4);

    pass(1501);

    expect([await publish(12), await publish(15)]).toEqual([9, 12]);
  });
});
