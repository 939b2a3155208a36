import { setRoomPolicy } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";

import type { Commands } from "../run-command.ts";

/** Admits whether the key of a channel changes when somebody joins, too. */
export const setRoomPolicyEndpoint = ({ commands }: { commands: Commands }): Endpoint =>
  userEndpoint(setRoomPolicy, (request) =>
    commands.ofMember(request, request.tokens.roomId, (asked) => ({
      ...asked,
      type: "set_policy",
      ...request.body,
    })),
  );
