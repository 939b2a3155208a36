import { pinMessage } from "@parley/contract/message-requests";
import type { Endpoint } from "@parley/messaging/endpoint";
import type { MessageChangeStore } from "@parley/mongo/message-store";

import { inTurn } from "../in-turn.ts";
import { assertMayPin, judgePin } from "../rules/change.ts";
import { changeEndpoint, type ChangeDeps } from "./change-endpoint.ts";

interface Deps extends ChangeDeps {
  readonly changes: Pick<MessageChangeStore, "countPinned">;
  /** Pinned messages of a room. */
  readonly pinLimit: number;
}

/** Pins a message or unpins it; sets, never toggles. */
export function pinMessageEndpoint(deps: Deps): Endpoint {
  const { changes, pinLimit } = deps;
  // The pins of a room follow each other, so that each counts those before it.
  const runInTurn = inTurn();
  return changeEndpoint(deps, pinMessage, {
    decide: async ({ row, body: { pinned } }, accept) => {
      if (judgePin(row, pinned) === "unchanged") return { status: "unchanged" as const };
      await runInTurn(row.roomId, async () => {
        if (pinned) assertMayPin(await changes.countPinned(row.roomId), pinLimit);
        await accept({ type: "pinned", data: { pinned } });
      });
      return { status: "ok" as const };
    },
  });
}
