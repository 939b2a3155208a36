import { explainKey, keyStatus, reportInvalidKey } from "@parley/contract/devices";
import { getKey } from "@parley/contract/room-requests";

import { DEVICE_ID, HANDED_KEY, ROOM_ID, SITE_ID } from "./example-values.ts";
import type { RequestPage } from "./request-page.ts";

/** What a member is handed to open events, and what is told about it. */
export const KEYS: readonly RequestPage[] = [
  {
    declaration: getKey,
    about:
      "A key of the room: without `version` the current one. A version that is gone or not there yet: `room_key_absent`, with the `currentVersion`. The previous one is served until its grace period is over, a version below the member's `keyFrom` never. A site that only holds a replica asks the room's home for what it lacks. An account with devices names the one that asks and gets the key `wrapped` for it; without, or with an unknown one: `device_not_enrolled`. An account without devices, naming none, gets `privateKey`, but for sites that deliver sealed only: `device_not_enrolled`. `rosterDigest` and `revision` are those of the room as the answering site knows it; a wrapped key opens with that digest only.",
    refusals: [
      "not_room_member",
      "key_version_not_allowed",
      "device_not_enrolled",
      "home_site_unreachable",
      "room_key_absent",
    ],
    body: { version: 3, deviceId: DEVICE_ID },
    reply: { roomId: ROOM_ID, siteId: SITE_ID, ...HANDED_KEY },
  },
  {
    declaration: reportInvalidKey,
    about:
      "For a key that came and cannot be used: a wrap that does not open, or bytes that are no key. Answers that version once more, wrapped anew under an ephemeral key of its own for the device's public key as it is registered now, and at the room's home the device counts as one that has not got the version until it acknowledges again. Nobody else is told. Three reports of a device about a version are answered at once, then one each 20 s: `rate_limited`.",
    refusals: [
      "rate_limited",
      "not_room_member",
      "key_version_not_allowed",
      "device_not_enrolled",
      "home_site_unreachable",
      "room_key_absent",
    ],
    body: { version: 3, deviceId: DEVICE_ID },
    reply: { roomId: ROOM_ID, siteId: SITE_ID, ...HANDED_KEY },
  },
  {
    declaration: keyStatus,
    about:
      "Whom the room's current key has reached: each device of the members, and each member without any, counts once, under `acked` when it acknowledged this version or a later one. `pendingOf` names the first 500 of the others, by account, then device. Where keys are delivered sealed only, a member without devices stays pending.",
    refusals: ["not_room_member", "wrong_site"],
    body: {},
    reply: {
      version: 3,
      acked: 2,
      pending: 2,
      pendingOf: [{ account: "bob" }, { account: "carol", deviceId: DEVICE_ID }],
    },
  },
  {
    declaration: explainKey,
    about:
      "Why the caller cannot have the key of `version`, without it of the current one: a `reason` of the [closed list](#keys), or none when `key.get` would hand it out. With a `messageId` the room's home also says `before_you_joined` of a message from before the member's history; a replica knows no messages and judges the version alone. A member also reads its `keyFrom` and the `currentVersion`. Who was a member and is none any more reads `after_you_left`, everybody else `not_room_member`.",
    refusals: ["not_room_member", "message_not_found"],
    body: { version: 1, deviceId: DEVICE_ID },
    reply: { roomId: ROOM_ID, reason: "version_expired", keyFrom: 0, currentVersion: 3 },
  },
];
