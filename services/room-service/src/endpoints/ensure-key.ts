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

/**
 * Rotates a key version that the store lost, or that is not the printed one: once per version, however many ask, since
 * the request id follows from room and version (SPEC-rooms 3.3). Never answers key bytes.
 */
export const ensureKeyEndpoint = ({ siteId, rooms, keys, commands }: Deps): Endpoint =>
  serverEndpoint(ensureKey, async ({ fromSite, body, ...request }) => {
    if (fromSite !== siteId) throw new Failure("site_not_participating");
    const { roomId, rotate = false } = body;
    const room = await rooms.find(roomId);
    if (!room) throw new Failure("room_not_found");
    const version = body.version ?? room.keyVersion;
    if (version < room.keyVersion) return { roomId, version: room.keyVersion, status: "ok" as const };
    if (version > room.keyVersion) return { roomId, version, status: "pending" as const };
    if (!rotate && ((await keys.getVersion(roomId)) ?? -1) >= version)
      return { roomId, version, status: "ok" as const };
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
