import { reactToMessage } from "@parley/contract/message-requests";
import type { Endpoint } from "@parley/messaging/endpoint";

import { judgeReaction } from "../rules/change.ts";
import { changeEndpoint, type ChangeDeps } from "./change-endpoint.ts";

/** Puts an emoji of the caller on a message or takes it back; sets, never toggles. */
export const reactToMessageEndpoint = (deps: ChangeDeps): Endpoint =>
  changeEndpoint(deps, reactToMessage, {
    decide: async ({ row, caller: { account }, body: { emoji, on } }, accept) => {
      if (judgeReaction(row, { account, emoji, on }) === "unchanged") return { status: "unchanged" as const };
      await accept({ type: "reacted", data: { emoji, on } });
      return { status: "ok" as const };
    },
  });
