import { Failure } from "@parley/contract/failure";
import { deleteMessage } from "@parley/contract/message-requests";
import type { Endpoint } from "@parley/messaging/endpoint";

import { admitMember, type Admitted, type Projected } from "../rules/admit.ts";
import { judgeDelete } from "../rules/change.ts";
import { changeEndpoint, type ChangeDeps } from "./change-endpoint.ts";

/** A closed room takes no messages, but what was said in it may still be taken back. */
function admitDeletion(projected: Projected): Admitted {
  const admitted = admitMember(projected);
  if (admitted.room.quarantined) throw new Failure("room_quarantined");
  return admitted;
}

/** The author or an owner takes a message back; a tombstone is left. */
export const deleteMessageEndpoint = (deps: ChangeDeps): Endpoint =>
  changeEndpoint(deps, deleteMessage, {
    admit: admitDeletion,
    decide: async ({ row, subscription, caller: { account } }, accept) => {
      const { deletedAt } = row;
      if (judgeDelete(row, { account, subscription }) === "unchanged" && deletedAt !== undefined)
        return { status: "unchanged" as const, deletedAt };
      return { status: "ok" as const, deletedAt: await accept({ type: "deleted", data: {} }) };
    },
  });
