import { Failure } from "@parley/contract/failure";
import { ensureKeyRequestIdOf } from "@parley/contract/ids";
import { ensureKey } from "@parley/contract/server-requests";
import { serverEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";

import type { Commands } from "../run-command.ts";

interface Deps {
  readonly siteId: string;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly keys: Pick<RoomKeyStore, "getVersion">;
  readonly commands: Commands;
}

const SYSTEM = { account: "system", kind: "system" } as const;

/** Whether the version is to be replaced, as far as projection and store know. */
async function standingOf(
  keys: Deps["keys"],
  of: { roomId: string; version: number; projected: number; rotate: boolean },
): Promise<"ok" | "pending" | "due"> {
  const { roomId, version, projected, rotate } = of;
  if (version < projected) return "ok";
  // A pair that is not the printed one is met while its event is being applied: then the log decides.
  if (rotate) return "due";
  if (version > projected) return "pending";
  return ((await keys.getVersion(roomId)) ?? -1) >= version ? "ok" : "due";
}

/**
 * Rotates a key version that the store lost, or that is not the printed one: once per version, however many ask, since
 * the request id follows from room and version (SPEC-rooms 3.3). Never answers key bytes.
 */
export const ensureKeyEndpoint = ({ siteId, rooms, keys, commands }: Deps): Endpoint =>
  serverEndpoint(ensureKey, async ({ fromSite, body, ...request }) => {
    if (fromSite !== siteId) throw new Failure("site_not_participating");
    const { roomId, rotate = false } = body;
    const room = await rooms.find(roomId);
    if (room && room.siteId !== siteId)
      throw new Failure("wrong_site", { metadata: { siteId: room.siteId } });
    const projected = room?.keyVersion;
    const version = body.version ?? projected;
    if (version === undefined || (projected === undefined && !rotate)) throw new Failure("room_not_found");
    const standing = await standingOf(keys, { roomId, version, projected: projected ?? -1, rotate });
    if (standing !== "due") return { roomId, version: Math.max(version, projected ?? 0), status: standing };
    const requestId = ensureKeyRequestIdOf({ roomId, keyVersion: version });
    const commanding = { ...request, actor: SYSTEM, requestId, trace: { ...request.trace, requestId } };
    const reply = await commands.ofAnybody(commanding, roomId, (asked) => ({
      ...asked,
      type: "rotate_key",
      reason: rotate ? "requested" : "lost",
      version,
    }));
    // A repeat, or a room past this version already: the event is on its way.
    const status: "accepted" | "pending" =
      reply.status === "accepted" && reply.done === false ? "accepted" : "pending";
    return { roomId, version, status };
  });
