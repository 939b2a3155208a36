import { editMessage } from "@parley/contract/message-requests";
import type { Endpoint } from "@parley/messaging/endpoint";

import { judgeEdit } from "../rules/change.ts";
import { changeEndpoint, type ChangeDeps } from "./change-endpoint.ts";

/** The author says it anew. Equal content changes nothing; the answer then names when it came to say this. */
export const editMessageEndpoint = (deps: ChangeDeps): Endpoint =>
  changeEndpoint(deps, editMessage, {
    decide: async ({ row, caller: { account }, body: { content, mentions } }, accept) => {
      if (judgeEdit(row, { account, content, mentions }) === "unchanged")
        return { status: "unchanged" as const, editedAt: row.editedAt ?? row.createdAt };
      const data = { content, ...(mentions && mentions.length > 0 && { mentions }) };
      return { status: "ok" as const, editedAt: await accept({ type: "edited", data }) };
    },
  });
