import type { MessageBodies } from "@parley/content-keys/message-bodies";
import { editMessage } from "@parley/contract/message-requests";
import type { Endpoint } from "@parley/messaging/endpoint";

import { assertMayEdit, judgeEdit } from "../rules/change.ts";
import { changeEndpoint, type ChangeDeps } from "./change-endpoint.ts";

interface Deps extends ChangeDeps {
  readonly bodies: MessageBodies;
}

/** The author says it anew. Equal content changes nothing; the answer then names when it came to say this. */
export const editMessageEndpoint = (deps: Deps): Endpoint =>
  changeEndpoint(deps, editMessage, {
    decide: async ({ row, caller: { account }, body: { content, mentions } }, accept) => {
      assertMayEdit(row, account);
      const { bodies } = deps;
      const said = await bodies.open(row, row);
      if (judgeEdit({ ...said, mentions: row.mentions }, { content, mentions }) === "unchanged")
        return { status: "unchanged" as const, editedAt: row.editedAt ?? row.createdAt };
      const body = await bodies.seal(row, { content, attachments: said.attachments });
      const data = { body, ...(mentions && mentions.length > 0 && { mentions }) };
      return { status: "ok" as const, editedAt: await accept({ type: "edited", data }) };
    },
  });
