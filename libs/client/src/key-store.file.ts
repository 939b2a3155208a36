import { fromBase64, toBase64 } from "@parley/room-crypto/base64";

import { jsonDocument } from "./json-document.file.ts";
import { keyName, type KeyStore } from "./key-store.ts";

/**
 * Keys in one JSON file that only its owner can read. Whoever reads the file reads the rooms: place it accordingly.
 * @throws when the file exists and is not such a file
 */
export async function fileKeyStore(path: string): Promise<KeyStore> {
  const document = jsonDocument(path);
  const keys = new Map<string, string>();
  for (const [name, text] of Object.entries(await document.load())) {
    if (typeof text !== "string" || fromBase64(text) === undefined)
      throw new Error(`${path} is no key store`);
    keys.set(name, text);
  }
  return {
    get(roomId, version) {
      const text = keys.get(keyName({ roomId, version }));
      return Promise.resolve(text === undefined ? undefined : fromBase64(text));
    },
    async put(added) {
      for (const key of added) keys.set(keyName(key), toBase64(key.privateKey));
      await document.save(() => Object.fromEntries(keys));
    },
  };
}
