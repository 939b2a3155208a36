import type { Db } from "mongodb";

import { collectionsOf } from "./collections.ts";
import { insertIfAbsent } from "./insert-if-absent.ts";
import type { KeyPrintStore } from "./key-print-store.ts";
import { storeCall } from "./store-call.ts";

export function mongoKeyPrintStore(database: Db): KeyPrintStore {
  const { roomKeyPrints } = collectionsOf(database);
  return {
    insertIfAbsent: ({ roomId, version, print }) =>
      storeCall("writing a key print", async () => {
        const stored = await insertIfAbsent(roomKeyPrints, { _id: `${roomId}:${version}`, print });
        return stored.print;
      }),
  };
}
