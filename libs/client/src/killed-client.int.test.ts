import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { listHistory } from "@parley/contract/messages";
import { expect, inject, onTestFinished, test } from "vitest";

import { acksAt, type PeerKey, takeDevices, tellWraps, wrapped } from "../test/peer-device.ts";
import { listing, newKey, openPeerSite, peerRoom } from "../test/peer-site.ts";
import { ACCOUNT, connectAnn, next } from "../test/stage.ts";
import { fileDeviceStore } from "./device-store.file.ts";
import { fileKeyStore } from "./key-store.file.ts";

const PROGRAM = join(import.meta.dirname, "../test/killed-client.ts");

/** The program, once it is connected. */
async function startClient(siteId: string, folder: string) {
  const child = spawn(process.execPath, [PROGRAM, inject("natsUrl"), siteId, ACCOUNT, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit");
  await Promise.race([
    once(child.stdout, "data"),
    ended.then(([code]) => {
      throw new Error(`the client ended with ${String(code)} before it was connected`);
    }),
  ]);
  return { ended };
}

// R75, K10
test("a client killed between receiving and storing a key acknowledges nothing, and reads the message in its next run", async () => {
  const folder = await mkdtemp(join(tmpdir(), "parley-killed-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const site = await openPeerSite(inject("natsUrl"));
  onTestFinished(() => site[Symbol.asyncDispose]());
  const [devices, acks, room] = [await takeDevices(site), await acksAt(site), peerRoom(site)];
  const keys: [PeerKey, PeerKey] = [
    { pair: newKey(), version: 0 },
    { pair: newKey(), version: 1 },
  ];
  let current: PeerKey = keys[0];
  await listing(site, () => devices.map((device) => room.row({ handed: wrapped(room, device, current) })));
  await site.answer(listHistory, () => ({ messages: [] }));

  const { ended } = await startClient(site.siteId, folder);
  await expect.poll(() => acks.map(({ version }) => version)).toEqual([0]);
  const [device] = devices;
  if (device === undefined) throw new Error("no device was registered");
  [, current] = keys;
  tellWraps(site, room, {
    account: ACCOUNT,
    handed: { [device.deviceId]: wrapped(room, device, current) },
  });
  expect((await ended)[1]).toBe("SIGKILL");
  const missed = room.message("said meanwhile");
  room.say(room.sealed(missed, current));
  await site.connection.flush();
  expect(acks.map(({ version }) => version)).toEqual([0]);

  const { client, events } = await connectAnn(site, {
    device: { store: await fileDeviceStore(join(folder, "device.json")) },
    keyStore: await fileKeyStore(join(folder, "keys.json")),
  });
  expect(client.deviceId).toBe(device.deviceId);
  room.say(room.sealed(missed, current));
  expect(await next(events, "message", "unopened")).toMatchObject({ message: missed, via: "live" });
  await expect.poll(() => acks.map(({ version }) => version)).toEqual([0, 1]);
  expect(await client.keyPrint(room.roomId, 0)).toBe(keys[0].pair.print);
});
