import { closeRoom } from "@parley/contract/room-requests";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";

import type { Commands } from "../run-command.ts";

/** Admits the end of a channel. */
export const closeRoomEndpoint = ({ commands }: { commands: Commands }): Endpoint =>
  userEndpoint(closeRoom, (request) =>
    commands.ofMember(request, request.tokens.roomId, (asked) => ({ ...asked, type: "close_room" })),
  );
