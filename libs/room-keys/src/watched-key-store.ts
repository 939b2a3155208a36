import type { Recorder } from "@parley/contract/observe";

import type { RoomKeyStore } from "./room-key-store.ts";
import { watchStore } from "./watch-store.ts";

/** A key store whose faults are counted by operation and told apart, as {@link watchStore} says. */
export function watchedKeyStore(store: RoomKeyStore, recorder: Recorder): RoomKeyStore {
  const watched = watchStore(recorder);
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
