import { isDueRotationPaused } from "@parley/contract/due-rotation";
import { Failure } from "@parley/contract/failure";
import { ensureKeyRequestIdOf } from "@parley/contract/ids";
import { ensureKey } from "@parley/contract/server-requests";
import type { CommandReply } from "@parley/contract/shapes";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

import type { z } from "zod";

import type { Commands } from "../run-command.ts";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly keys: Pick<RoomKeyStore, "getVersion">;
  readonly commands: Commands;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

const reasonOf = ({ rotate, due }: { rotate: boolean; due: boolean }) => {
  if (rotate) return "requested";
  return due ? "due" : "lost";
};

const SYSTEM = { account: "system", kind: "system" } as const;

/** Whether the version is to be replaced, as far as projection and store know. */
async function standingOf(
  keys: Deps["keys"],
  of: { roomId: string; version: number; projected: number; rotate: boolean; due: boolean },
): Promise<"ok" | "pending" | "due"> {
  const { roomId, version, projected, rotate, due } = of;
  if (version < projected) return "ok";
  // A pair that is not the printed one is met while its event is being applied: then the log decides.
  if (rotate) return "due";
  if (version > projected) return "pending";
  if (due) return "due";
  return ((await keys.getVersion(roomId)) ?? -1) >= version ? "ok" : "due";
}

type Answer = z.output<typeof ensureKey.reply>;

/** A rotation asked for because the version was lost or doubted: whoever asked looks for the next one by itself. */
const replacing = (of: { roomId: string; version: number }, { status, done }: CommandReply): Answer =>
  // A repeat, or a room past this version already: the event is on its way.
  ({ ...of, status: status === "accepted" && done === false ? "accepted" : "pending" });

/**
 * A rotation for a revoked device: the version the room is at or goes to. `paused`: as the projection had it before the
 * command was decided. The log knows at least as much, so when it changed nothing and was not paused, it is past this
 * version.
 */
function dueAnswer(
  { roomId, version }: { roomId: string; version: number },
  { status, done }: CommandReply,
  paused: boolean,
): Answer {
  if (status === "unchanged" && paused) return { roomId, version, status: "ok" };
  return { roomId, version: version + 1, status: done === false ? "accepted" : "pending" };
}

/**
 * Rotates a key version that the store lost, or that is not the printed one: once per version, however many ask, since
 * the request id follows from room and version (SPEC-rooms 3.3). The same for a version that a revoked device was given
 * (`due`), at most once in ten minutes. Never answers key bytes.
 */
export const ensureKeyEndpoint = ({ siteId, rooms, keys, commands, now }: Deps): Endpoint =>
  serverEndpoint(ensureKey, async ({ fromSite, body, ...request }) => {
    if (fromSite !== siteId) throw new Failure("site_not_participating");
    const { roomId, rotate = false, due = false } = body;
    const room = await rooms.find(roomId);
    if (room && room.siteId !== siteId)
      throw new Failure("wrong_site", { metadata: { siteId: room.siteId } });
    const projected = room?.keyVersion;
    const version = body.version ?? projected;
    if (version === undefined || (projected === undefined && !rotate)) throw new Failure("room_not_found");
    const standing = await standingOf(keys, { roomId, version, projected: projected ?? -1, rotate, due });
    if (standing !== "due") return { roomId, version: Math.max(version, projected ?? 0), status: standing };
    const paused = isDueRotationPaused(room ?? {}, now());
    const requestId = ensureKeyRequestIdOf({ roomId, keyVersion: version });
    const commanding = { ...request, actor: SYSTEM, requestId, trace: { ...request.trace, requestId } };
    const reply = await commands.ofAnybody(commanding, roomId, (asked) => ({
      ...asked,
      type: "rotate_key",
      reason: reasonOf({ rotate, due }),
      version,
    }));
    const of = { roomId, version };
    return due ? dueAnswer(of, reply, paused) : replacing(of, reply);
  });
