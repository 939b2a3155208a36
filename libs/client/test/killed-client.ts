import { connectParley } from "../src/connect-node.ts";
import { fileDeviceStore } from "../src/device-store.file.ts";
import { fileKeyStore } from "../src/key-store.file.ts";

/**
 * A client that is killed the moment it would store a key of version 1 or above, as a program of its own:
 * `node killed-client.ts {servers} {siteId} {account} {folder}`.
 */
const [servers = "", siteId = "", account = "", folder = ""] = process.argv.slice(2);
const store = await fileKeyStore(`${folder}/keys.json`);

await connectParley({
  servers,
  siteId,
  account,
  checkRosters: false,
  device: { store: await fileDeviceStore(`${folder}/device.json`) },
  keyStore: {
    get: (roomId, version) => store.get(roomId, version),
    put(keys) {
      if (keys.some(({ version }) => version > 0)) process.kill(process.pid, "SIGKILL");
      return store.put(keys);
    },
  },
});
process.stdout.write("connected\n");
