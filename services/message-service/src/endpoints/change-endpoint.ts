import type { RequestDeclaration } from "@parley/contract/request";
import { userEndpoint, type Endpoint, type UserRequest } from "@parley/messaging/endpoint";
import type { MessageRow, MessageStore } from "@parley/mongo/message-store";
import type { z } from "zod";

import type { AcceptChange } from "../accept-change.ts";
import type { Projection } from "../projection.ts";
import { type Admitted, admitWriter, type Projected, visibleMessage } from "../rules/admit.ts";

export interface ChangeDeps {
  readonly project: Projection;
  readonly messages: Pick<MessageStore, "find">;
  readonly accept: AcceptChange;
}

/** The message that is to change, and who may see it. */
interface Target extends Admitted {
  readonly row: MessageRow;
}

type OfMessage = { readonly messageId: string };
type InRoom = `${string}{roomId}${string}`;

interface ChangeRules<B extends z.ZodType, R extends z.ZodType> {
  /** Whom it is open to; members of rooms that take messages unless told otherwise. */
  readonly admit?: (projected: Projected) => Admitted;
  /** Judges the change, and accepts it by `accept`, which answers its moment. */
  readonly decide: (
    request: Pick<UserRequest<InRoom, B>, "caller" | "body"> & Target,
    accept: (change: Parameters<AcceptChange>[0]["change"]) => Promise<number>,
  ) => Promise<z.input<R>>;
}

/** An endpoint that changes a message: what all of them gather before their own rules decide (SPEC-rooms 3.4). */
export function changeEndpoint<T extends InRoom, B extends z.ZodType<OfMessage>, R extends z.ZodType>(
  { project, messages, accept }: ChangeDeps,
  declaration: RequestDeclaration<T, B, R>,
  { admit = admitWriter, decide }: ChangeRules<B, R>,
): Endpoint {
  return userEndpoint(declaration, async ({ tokens, body, caller, actor, requestId, trace }) => {
    const { roomId } = tokens as unknown as { readonly roomId: string };
    const { messageId } = body;
    const [projected, found] = await Promise.all([
      project(roomId, caller.account),
      messages.find(roomId, messageId),
    ]);
    const admitted = admit(projected);
    const row = visibleMessage(found, admitted);
    const { room } = admitted;
    return decide({ ...admitted, row, caller, body }, (change) =>
      accept({ room, roomId, messageId, actor, requestId, trace, change }),
    );
  });
}
