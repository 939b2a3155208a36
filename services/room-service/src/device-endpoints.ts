import type { Endpoint } from "@parley/messaging/endpoint";
import { mongoDeviceStore, mongoDeviceUpkeep } from "@parley/mongo/device-store.mongo";
import { markRoomsDue } from "@parley/mongo/mark-rooms-due";
import { createIsPublicKey } from "@parley/room-crypto/is-public-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import type { Site } from "@parley/site/open-site";
import type { AfterStep } from "@parley/site/test-hooks";

import { createCompleteDeviceChange } from "./complete-device-change.ts";
import { startDeviceUpkeep } from "./device-upkeep.ts";
import { listDevicesEndpoint } from "./endpoints/list-devices.ts";
import { registerDeviceEndpoint } from "./endpoints/register-device.ts";
import { revokeDeviceEndpoint } from "./endpoints/revoke-device.ts";

/** The devices of this site's accounts. What a change leaves to be done is completed in the background, too. */
export function deviceEndpoints(
  stack: AsyncDisposableStack,
  site: Site,
  { peers, afterStep }: { peers: readonly string[]; afterStep: AfterStep },
): Endpoint[] {
  const { siteId, database, clock, broker, log } = site;
  const devices = mongoDeviceStore(database);
  const upkeep = mongoDeviceUpkeep(database);
  const complete = createCompleteDeviceChange({
    broker,
    siteId,
    peers,
    upkeep,
    markDue: (of) => markRoomsDue(database, { ...of, siteId }),
    now: () => clock.now(),
  });
  stack.use(startDeviceUpkeep({ siteId, peers, upkeep, complete, log }));
  const changing = { devices, complete, afterStep, now: () => clock.now() };
  return [
    registerDeviceEndpoint({ ...changing, siteId, isPublicKey: createIsPublicKey(nodeSuite) }),
    listDevicesEndpoint({ devices }),
    revokeDeviceEndpoint(changing),
  ];
}
