import type { Client } from "@parley/client/client";
import { DEVICES_PER_ACCOUNT, registerDevice, revokeDevice } from "@parley/contract/devices";
import { getKey } from "@parley/contract/room-requests";
import { toBase64 } from "@parley/room-crypto/base64";
import { nodeSuite } from "@parley/room-crypto/node-suite";

import type { Company } from "./company.ts";
import { type Provocations, refused } from "./provocation.ts";

const deviceId = (name: string): string => name.padEnd(20, "0");

/** Registers a device with a key of its own. */
const register = (client: Client, name: string) =>
  client.request(registerDevice, {
    tokens: { siteId: client.siteId },
    body: { deviceId: deviceId(name), publicKey: toBase64(nodeSuite.generatePair().publicKey) },
  });

/** What follows from having devices, and from having none of that id. */
export const DEVICE_PROVOCATIONS = {
  device_not_found: ({ cat }) =>
    refused(
      cat.request(revokeDevice, { tokens: { siteId: cat.siteId }, body: { deviceId: deviceId("never") } }),
    ),

  device_id_reused: async ({ ann }) => {
    await register(ann, "phone");
    return refused(register(ann, "phone"));
  },

  device_limit_reached: async ({ cat }) => {
    for (let registered = 0; registered < DEVICES_PER_ACCOUNT; registered += 1)
      await register(cat, `device${registered}x`);
    return refused(register(cat, "onemore"));
  },

  device_not_enrolled: async ({ bob, room: { roomId, siteId } }) => {
    await register(bob, "phone");
    return refused(bob.request(getKey, { tokens: { roomId, siteId }, body: {} }));
  },
} satisfies Provocations<Company>;
