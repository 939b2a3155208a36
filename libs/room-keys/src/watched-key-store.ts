import { Failure } from "@parley/contract/failure";
import type { Recorder } from "@parley/contract/observe";
import { KeyRecordError } from "@parley/room-crypto/key-record";

import type { RoomKeyStore } from "./room-key-store.ts";

/**
 * A key store whose faults are counted by operation and told apart: a bad record and a pair that does not fit stay
 * what they are, a store that does not answer is a Failure `store_unavailable`.
 */
export function watchedKeyStore(store: RoomKeyStore, recorder: Recorder): RoomKeyStore {
  const watched =
    <Arguments extends unknown[], Answer>(op: string, call: (...of: Arguments) => Promise<Answer>) =>
    async (...of: Arguments): Promise<Answer> => {
      try {
        return await call(...of);
      } catch (cause) {
        recorder.count("room_key_valkey_errors_total", { op });
        if (cause instanceof KeyRecordError || cause instanceof RangeError) throw cause;
        throw new Failure("store_unavailable", { detail: `the key store does not answer: ${op}`, cause });
      }
    };
  return {
    prepare: watched("prepare", (...of) => store.prepare(...of)),
    activate: watched("activate", (...of) => store.activate(...of)),
    setWithVersion: watched("set_with_version", (...of) => store.setWithVersion(...of)),
    get: watched("get", (...of) => store.get(...of)),
    getVersion: watched("get_version", (...of) => store.getVersion(...of)),
    getByVersion: watched("get_by_version", (...of) => store.getByVersion(...of)),
    delete: watched("delete", (...of) => store.delete(...of)),
    getMany: watched("get_many", (...of) => store.getMany(...of)),
    getVersions: watched("get_versions", (...of) => store.getVersions(...of)),
  };
}
