import type { MessageView, RoomEvent } from "@parley/contract/messages";

import type { ClientEvent, MessageEvent } from "./client-events.ts";
import type { HeldRoom } from "./held-rooms.ts";
import type { OpenedBody } from "./open-event.ts";
import { insertMessage } from "./timeline.ts";

/** Messages shown of one room. */
const SHOWN_MAX = 1000;

/** Puts what was opened into the held room and tells the client's owner. */
export interface RoomDisplay {
  /** Shows a message unless it is shown already. */
  show(room: HeldRoom, message: MessageView, via: MessageEvent["via"]): void;
  deliver(room: HeldRoom, event: RoomEvent, opened: OpenedBody): void;
}

interface RoomDisplayDeps {
  readonly account: string;
  readonly publish: (event: ClientEvent) => void;
  /** The message needs to be waited for no more. */
  readonly onShown: (room: HeldRoom, messageId: string) => void;
}

type Notice = Exclude<OpenedBody, { type: "message_created" }>;

/** The room's view after a notice; counts are left to the next listing. */
function afterNotice(room: HeldRoom["room"], notice: Notice): HeldRoom["room"] {
  switch (notice.type) {
    case "room_renamed":
      return { ...room, name: notice.body.name };
    case "room_restricted": {
      const { restricted, externalAccess } = notice.body;
      return { ...room, settings: { restricted, externalAccess } };
    }
    case "room_closed":
      return { ...room, closed: true };
    case "members_added":
    case "members_removed":
    case "role_changed":
      return room;
  }
}

export function createRoomDisplay({ account, publish, onShown }: RoomDisplayDeps): RoomDisplay {
  const show: RoomDisplay["show"] = (room, message, via) => {
    const { roomId, siteId } = room;
    const { timeline, isNew } = insertMessage(room.timeline, message, SHOWN_MAX);
    room.timeline = timeline;
    onShown(room, message.messageId);
    if (isNew) publish({ type: "message", roomId, siteId, message, via });
  };

  return {
    show,
    deliver(room, event, opened) {
      if (opened.type === "message_created") {
        show(room, opened.body, "live");
        return;
      }
      room.room = afterNotice(room.room, opened);
      // One's own role is told by the personal update, also when the room's notice is lost.
      if (opened.type === "role_changed" && opened.body.account === account) return;
      const { type, body } = opened;
      const { roomId, siteId, revision } = event;
      publish({ type, roomId, siteId, revision: revision ?? room.revision, ...body } as ClientEvent);
    },
  };
}
