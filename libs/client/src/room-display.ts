import {
  messageNotices,
  type MessageNotices,
  type MessageView,
  type RoomEvent,
} from "@parley/contract/messages";

import type { ClientEvent, MessageEvent } from "./client-events.ts";
import type { HeldRoom } from "./held-rooms.ts";
import type { OpenedBody } from "./open-event.ts";
import type { MessageChange } from "./message-changes.ts";
import { asTold, insertMessage, noteChange, noteReply } from "./timeline.ts";

/** Messages shown of one room. */
const SHOWN_MAX = 1000;

/** Puts what was opened into the held room and tells the client's owner. */
export interface RoomDisplay {
  /** Shows a message unless it is shown already. */
  show(room: HeldRoom, message: MessageView, via: MessageEvent["via"]): void;
  /** Shows what became of a message that was asked for, whether it is among the shown or not. */
  showAgain(room: HeldRoom, message: MessageView): void;
  deliver(room: HeldRoom, event: RoomEvent, opened: OpenedBody): void;
}

interface RoomDisplayDeps {
  readonly account: string;
  readonly publish: (event: ClientEvent) => void;
  /** The message needs to be waited for no more. */
  readonly onShown: (room: HeldRoom, messageId: string) => void;
  /** The message changed into something that was not told. */
  readonly onHidden: (room: HeldRoom, messageId: string) => void;
}

type Change = Extract<OpenedBody, { type: keyof MessageNotices }>;
type Notice = Exclude<OpenedBody, Change | { type: "message_created" | "typing" }>;

/** The room's view after a notice; counts are left to the next listing. */
function afterNotice(room: HeldRoom["room"], notice: Notice): HeldRoom["room"] {
  switch (notice.type) {
    case "room_renamed":
      return { ...room, name: notice.body.name };
    case "room_restricted": {
      const { restricted, externalAccess } = notice.body;
      return { ...room, settings: { ...room.settings, restricted, externalAccess } };
    }
    case "policy_changed": {
      const { rekeyOnJoin: _before, ...settings } = room.settings;
      return { ...room, settings: notice.body.rekeyOnJoin ? { ...settings, rekeyOnJoin: true } : settings };
    }
    case "room_closed":
      return { ...room, closed: true };
    case "members_added":
    case "members_removed":
    case "role_changed":
      return room;
  }
}

/** A change as the timeline takes it; undefined when the event does not say what the message says now. */
function changeOf(at: number, { type, body }: Change): MessageChange | undefined {
  if (type === "message_deleted") return { type, at, messageId: body.messageId, by: body.by };
  if (type !== "message_edited") return { type, at, ...body } as MessageChange;
  const { messageId, content, mentions } = body;
  return content === undefined ? undefined : { type, at, messageId, content, mentions };
}

const isChange = (opened: OpenedBody): opened is Change => Object.hasOwn(messageNotices, opened.type);

/** A thread reply that the room's own pages do not show. */
const isOfThread = ({ threadOf, alsoInRoom }: MessageView): boolean =>
  threadOf !== undefined && alsoInRoom !== true;

export function createRoomDisplay(deps: RoomDisplayDeps): RoomDisplay {
  const { account, publish, onShown, onHidden } = deps;

  const count = (room: HeldRoom, reply: MessageView): void => {
    const { roomId, siteId } = room;
    const { timeline, message } = noteReply(room.timeline, reply);
    room.timeline = timeline;
    if (!message) return;
    publish({ type: "message_changed", roomId, siteId, messageId: message.messageId, message, via: "live" });
  };

  const show: RoomDisplay["show"] = (room, read, via) => {
    const { roomId, siteId } = room;
    const { messageId } = read;
    onShown(room, messageId);
    if (via === "live" && read.threadOf !== undefined) count(room, read);
    if (isOfThread(read)) {
      publish({ type: "message", roomId, siteId, message: asTold(room.timeline, read), via });
      return;
    }
    const { timeline, message, isNew, isChanged } = insertMessage(room.timeline, read, SHOWN_MAX);
    room.timeline = timeline;
    if (isNew) publish({ type: "message", roomId, siteId, message, via });
    if (isChanged) publish({ type: "message_changed", roomId, siteId, messageId, message, via });
  };

  const change = (room: HeldRoom, at: number, opened: Change): void => {
    const { roomId, siteId } = room;
    const { messageId } = opened.body;
    const told = changeOf(at, opened);
    if (!told) {
      onHidden(room, messageId);
      return;
    }
    const { timeline, message, isChanged } = noteChange(room.timeline, told);
    room.timeline = timeline;
    if (!isChanged) return;
    const common = { roomId, siteId, messageId, ...(message && { message }) };
    publish({ type: "message_changed", ...common, change: told, via: "live" });
  };

  return {
    show,
    showAgain(room, message) {
      const { roomId, siteId } = room;
      const { messageId } = message;
      if (room.timeline.messages.some((held) => held.messageId === messageId)) show(room, message, "history");
      else publish({ type: "message_changed", roomId, siteId, messageId, message, via: "history" });
    },
    deliver(room, event, opened) {
      if (opened.type === "message_created") {
        show(room, opened.body, "live");
        return;
      }
      if (isChange(opened)) {
        change(room, event.at, opened);
        return;
      }
      if (opened.type === "typing") {
        const { roomId, siteId } = room;
        const typist = opened.body.account;
        if (typist !== account) publish({ type: "typing", roomId, siteId, account: typist });
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
