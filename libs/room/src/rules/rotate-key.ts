import { isDueRotationPaused } from "@parley/contract/due-rotation";
import { Failure } from "@parley/contract/failure";

import type { RotateKey } from "../command.ts";
import type { Ruling } from "../ruling.ts";
import type { RoomState } from "../state.ts";
import { invalidRequest } from "./preconditions.ts";
import { nextVersion } from "./rekey.ts";

/**
 * Replaces a version whose bytes were lost or doubted, for they are never remade under the same number, or that a revoked
 * device was given.
 */
export function rotateKey(state: RoomState | undefined, command: RotateKey): Ruling {
  const { reason, version } = command;
  if (!state) throw new Failure("room_not_found");
  if (version > state.keyVersion) throw invalidRequest("version", "the room has no such key version yet");
  if (version < state.keyVersion) return "unchanged";
  if (reason === "due" && isDueRotationPaused(state, command.at)) return "unchanged";
  return { type: "key_rotated", data: { reason, rekey: nextVersion(state) } };
}
