import type { EventType } from "@parley/contract/events";

import type { RoomCommand } from "./command.ts";
import type { RecentRequest } from "./state.ts";

type RoomOperation = RecentRequest["operation"];

/** The operation whose outcome an event is: what its job result and its repeats are judged by (SPEC-rooms 1.7). */
export const EVENT_OPERATIONS = {
  room_created: "room.create",
  members_added: "member.add",
  members_removed: "member.remove",
  role_changed: "member.role",
  room_renamed: "room.rename",
  room_restricted: "room.restrict",
  room_closed: "room.close",
  policy_changed: "room.policy",
  key_rotated: "key.rotate",
} as const satisfies Record<EventType, RoomOperation>;

/** The operation that a command asks for. */
export const COMMAND_OPERATIONS = {
  create_channel: "room.create",
  create_direct: "room.create",
  add_members: "member.add",
  remove_member: "member.remove",
  remove_org: "member.remove",
  change_role: "member.role",
  rename_room: "room.rename",
  restrict_room: "room.restrict",
  close_room: "room.close",
  set_policy: "room.policy",
  rotate_key: "key.rotate",
  retire_member: "member.remove",
  close_deserted: "room.close",
} as const satisfies Record<RoomCommand["type"], RoomOperation>;
