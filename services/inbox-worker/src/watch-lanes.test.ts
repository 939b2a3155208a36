import { streamName } from "@parley/contract/streams";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { expect, test, vi } from "vitest";

import type { SeenSource } from "./judge-lane.ts";
import { watchLanes } from "./watch-lanes.ts";

const silent: SeenSource = { lagMessages: 7, silentMs: 5000 };
const [a, b] = ["site-a", "site-b"];

test("shows what each lane lags behind, and asks a silent peer once at a time, however long it takes", async () => {
  const asked: string[] = [];
  const slow = Promise.withResolvers<boolean>();
  const recorder = createMemoryRecorder();
  let looks = 0;
  await using _watching = watchLanes({
    peers: [a, b],
    sources: {
      look: async () => {
        looks += 1;
        return new Map([
          [streamName("OUTBOX", a), silent],
          [streamName("OUTBOX", b), { lagMessages: 3, silentMs: 10 }],
        ]);
      },
      renew: async () => {},
    },
    answers: async (peer) => {
      asked.push(peer);
      return slow.promise;
    },
    takeLease: async () => true,
    recorder,
    log: createMemoryLog(),
  });
  await vi.waitFor(() => expect(looks).toBe(3), 10_000);
  const lag = (peer: string) => recorder.readings("inbox_source_lag_messages", { peer });
  expect([lag(a), lag(b)]).toEqual([[7], [3]]);
  expect(asked).toEqual([a]);
  slow.resolve(false);
});
