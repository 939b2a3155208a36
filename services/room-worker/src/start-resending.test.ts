import type { DueResend } from "@parley/room-keys/key-resend-store";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { describe, expect, test, vi } from "vitest";

import type { ResendOutcome } from "./resend-key.ts";
import { startResending } from "./start-resending.ts";

/** What one look does with these rooms: each by the name of what comes of it, or `fails`. */
async function lookAt(due: readonly DueResend[], dependenciesUp = true) {
  const log = createMemoryLog();
  const settled: DueResend[] = [];
  const resent: string[] = [];
  const left = [...due];
  const claim = vi.fn<(of: { limit: number }) => Promise<readonly DueResend[]>>(async ({ limit }) =>
    left.splice(0, limit),
  );
  const looked = vi.fn<() => Promise<boolean>>(async () => dependenciesUp);
  const resending = startResending({
    resends: { claim, settle: async (of) => void settled.push(of) },
    resendKey: async (roomId) => {
      resent.push(roomId);
      if (roomId.startsWith("fails")) throw new Error("no such luck");
      return roomId.split("-")[0] as ResendOutcome;
    },
    dependenciesUp: looked,
    log,
    now: () => 1,
  });
  await vi.waitFor(() => expect(left.length === 0 || looked.mock.calls.length > 0).toBe(true));
  await vi.waitFor(() => expect(resent).toHaveLength(due.length - left.length));
  await resending[Symbol.asyncDispose]();
  return { log, settled, resent, claims: claim.mock.calls.length };
}

const rooms = (...roomIds: readonly string[]): DueResend[] =>
  roomIds.map((roomId) => ({ roomId, attempt: 2 }));

describe("a look at what is due", () => {
  test("settles the rooms alone whose key has reached everybody", async () => {
    const { settled } = await lookAt(rooms("sent-1", "reached-1", "not_now-1"));
    expect(settled).toEqual(rooms("reached-1"));
  });

  test("goes on after a room that fails, and says so", async () => {
    const { log, resent } = await lookAt(rooms("fails-1", "sent-1"));
    expect(resent).toEqual(["fails-1", "sent-1"]);
    expect(log.entries.map(({ event, fields }) => [event, fields["roomId"]])).toEqual([
      ["key_resend_failed", "fails-1"],
    ]);
  });

  test("goes on until nothing is due", async () => {
    const { resent } = await lookAt(rooms(...Array.from({ length: 250 }, (_, index) => `sent-${index}`)));
    expect(resent).toHaveLength(250);
  });

  test("claims nothing while a dependency is silent", async () => {
    const { claims } = await lookAt(rooms("sent-1"), false);
    expect(claims).toBe(0);
  });
});
