import type { RoomEvent } from "@parley/contract/messages";
import { roomSubjects } from "@parley/contract/notices";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishNotice } from "@parley/messaging/publish";
import type { Sealer } from "@parley/room-crypto/sealer";

import type { KeyInHand } from "./key-step.ts";
import type { Announced } from "./send-key.ts";
import type { RoomNotice } from "./plan.ts";

const MEMBER_NOTICES: ReadonlySet<RoomNotice["type"]> = new Set([
  "members_added",
  "members_removed",
  "role_changed",
]);

/** Step 7 of SPEC-rooms 4.2: tells the channel, sealed under the pair in hand. */
export function sendRoomNotice(
  deps: { readonly broker: Broker; readonly sealer: Sealer },
  announced: Announced,
  of: { readonly notice: RoomNotice; readonly key: KeyInHand },
): void {
  const { roomId, siteId, revision, at } = announced.event;
  const { type } = of.notice;
  const id = String(revision);
  const sealed = deps.sealer.seal({
    type,
    roomId,
    id,
    at,
    version: of.key.version,
    publicKey: of.key.pair.publicKey,
    plaintext: encodeJson(of.notice.body),
  });
  const body: RoomEvent = { type, roomId, siteId, id, at, revision, sealed };
  const subject = MEMBER_NOTICES.has(type) ? roomSubjects.member : roomSubjects.event;
  publishNotice(deps.broker, { subject: subject.of({ siteId, roomId }), body, trace: announced.trace });
}
