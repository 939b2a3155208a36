import { Failure } from "@parley/contract/failure";
import type { Recorder } from "@parley/contract/observe";
import { KeyRecordError } from "@parley/room-crypto/key-record";

/** Makes of a store's operation one whose faults are counted under its name. */
export type Watch = <Arguments extends unknown[], Answer>(
  op: string,
  call: (...of: Arguments) => Promise<Answer>,
) => (...of: Arguments) => Promise<Answer>;

/**
 * Watches operations of the key store. Faults are told apart: a bad record and a pair that does not fit stay what they
 * are, a store that does not answer is a Failure `store_unavailable`.
 */
export const watchStore =
  (recorder: Recorder): Watch =>
  (op, call) =>
  async (...of) => {
    try {
      return await call(...of);
    } catch (cause) {
      recorder.count("room_key_valkey_errors_total", { op });
      if (cause instanceof KeyRecordError || cause instanceof RangeError) throw cause;
      throw new Failure("store_unavailable", { detail: `the key store does not answer: ${op}`, cause });
    }
  };
