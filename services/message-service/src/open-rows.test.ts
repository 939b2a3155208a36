import { createContentKeys } from "@parley/content-keys/content-keys";
import { createMessageBodies } from "@parley/content-keys/message-bodies";
import { freshContentKey } from "@parley/room-crypto/content-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { expect, it } from "vitest";

import { openPage } from "./open-rows.ts";

const roomId = "b".repeat(17);
const ROWS = 100;

/** Content keys over a store that takes its time and counts what it is asked. */
function countedBodies() {
  const asked: string[] = [];
  const key = freshContentKey(nodeSuite, roomId);
  const answer = async (what: string) => {
    asked.push(what);
    await new Promise((resolve) => setImmediate(resolve));
    return { status: "key", key } as const;
  };
  const store = { ensure: () => answer("ensure"), named: () => answer("named") };
  const keys = createContentKeys({ store, suite: nodeSuite });
  return { asked, bodies: createMessageBodies({ keys, log: createMemoryLog() }) };
}

it("opens a whole page with one look-up of the room's key, in its order, those in clear among them", async () => {
  const { asked, bodies } = countedBodies();
  const rows = await Promise.all(
    Array.from({ length: ROWS }, async (_, index) => {
      const messageId = String(index).padStart(20, "0");
      const content = `text ${index}`;
      return {
        messageId,
        roomId,
        createdAt: index,
        sender: { account: "ann", kind: "person" as const, name: "Ann" },
        requestId: "r",
        canonical: true,
        ...(index === 7 ? { content } : { body: await bodies.seal({ roomId, messageId }, { content }) }),
      };
    }),
  );

  const { messages, next } = await openPage(bodies, { messages: rows, next: "5-x" });

  expect(messages.map(({ content }) => content)).toEqual(rows.map((_, index) => `text ${index}`));
  expect(next).toBe("5-x");
  expect(asked).toEqual(["ensure", "named"]);
});
