import { KeyRecordError } from "@parley/room-crypto/key-record";
import { describeKey } from "@parley/room-crypto/room-key";
import type { ValkeyClient } from "@parley/valkey/connect-valkey";
import { defineScript } from "@parley/valkey/define-script";
import { roomKeyNames } from "@parley/valkey/keys";

interface RoomScriptCall {
  readonly roomId: string;
  /** The version the operation is about, for errors. */
  readonly version?: number;
  readonly args: readonly (string | number)[];
}

/** What happened, and the record if the script found one. */
interface RoomScriptReply<Status extends string> {
  readonly status: Status;
  readonly record: string;
}

/** One script of `room-key-scripts.ts`. */
export type RoomScript<Status extends string> = (call: RoomScriptCall) => Promise<RoomScriptReply<Status>>;

/**
 * A script over the keys of one room. `doing` names the operation in errors; `statuses` is all it may answer besides
 * `bad_version`, which becomes a {@link KeyRecordError}.
 */
export function defineRoomScript<const Status extends string>(
  client: ValkeyClient,
  script: { readonly lua: string; readonly doing: string; readonly statuses: readonly Status[] },
): RoomScript<Status> {
  const send = defineScript(client, script.lua);
  return async ({ roomId, version, args }) => {
    const doing = `${script.doing} ${describeKey({ roomId, version })}`;
    const { current, previous, pending, closed } = roomKeyNames(roomId);
    const reply = await send({ keys: [current, previous, pending, closed], args }).catch((cause: unknown) => {
      throw new Error(doing, { cause });
    });
    const [answered, record] = Array.isArray(reply) ? reply.map(String) : [];
    if (answered === "bad_version")
      throw new KeyRecordError({ roomId, version }, "a stored version is no number");
    const status = script.statuses.find((known) => known === answered);
    if (status === undefined) throw new Error(`${doing}: the script gave no known answer`);
    return { status, record: record ?? "" };
  };
}
