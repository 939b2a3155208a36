import { explainKey, type UnopenedReason } from "@parley/contract/devices";
import { Failure, type FailureReason } from "@parley/contract/failure";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { MessageStore } from "@parley/mongo/message-store";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { Subscription, SubscriptionStore } from "@parley/mongo/subscription-store";

import type { AskedKey, FindKeyForMember } from "../key-for-member.ts";

interface Deps {
  readonly siteId: string;
  readonly findKey: FindKeyForMember;
  readonly messages: Pick<MessageStore, "findOrigin">;
  readonly rooms: Pick<RoomDocumentStore, "find">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "hasRow">;
}

/** What being refused a key says of why; `not_room_member` to somebody with a row means that they were one. */
const REASONS: Readonly<Partial<Record<FailureReason, UnopenedReason>>> = {
  key_version_not_allowed: "before_you_joined",
  not_room_member: "after_you_left",
  device_not_enrolled: "device_not_enrolled",
  home_site_unreachable: "home_site_unreachable",
};

/** A version below the one that is current is past its grace; any other may still come. */
function whyAbsent({ metadata }: Failure, version: number | undefined): UnopenedReason {
  const current = Number(metadata?.["currentVersion"] ?? -1);
  return version !== undefined && version < current ? "version_expired" : "key_pending";
}

/** Why the key is refused, or nothing when it would be handed out. It is not. Throws what is no reason of the list. */
async function whyRefused(findKey: FindKeyForMember, asked: AskedKey): Promise<UnopenedReason | undefined> {
  try {
    await findKey(asked);
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const reason =
      error.reason === "room_key_absent" ? whyAbsent(error, asked.version) : REASONS[error.reason];
    if (reason === undefined) throw error;
    return reason;
  }
}

/**
 * Whether a message is from before the member's history. Only its home knows messages: elsewhere the version alone is
 * judged.
 * @throws Failure `message_not_found`
 */
async function isBeforeHistory(
  { siteId, messages }: Deps,
  { roomId, roomSite, historySharedSince = 0 }: Subscription,
  messageId: string | undefined,
): Promise<boolean> {
  if (messageId === undefined || roomSite !== siteId) return false;
  const message = await messages.findOrigin(roomId, messageId);
  if (!message) throw new Failure("message_not_found");
  return message.createdAt < historySharedSince;
}

/**
 * Says why a caller cannot have a key, judged as `key.get` judges, and for a message whether they may see it at all.
 * Somebody who was a member and is none any more is told so; who never was reads what everybody does.
 */
export const explainKeyEndpoint = (deps: Deps): Endpoint =>
  userEndpoint(explainKey, async ({ tokens: { roomId }, body, caller: { account }, trace, ...request }) => {
    const { rooms, subscriptions, findKey } = deps;
    const left = { roomId, reason: "after_you_left" } as const;
    const [room, member] = await Promise.all([rooms.find(roomId), subscriptions.find(roomId, account)]);
    if (!member) {
      if (await subscriptions.hasRow(roomId, account)) return left;
      throw new Failure("not_room_member");
    }
    const elapsedMs = (): number => request.elapsedMs();
    const { messageId, version, deviceId } = body;
    const reason = (await isBeforeHistory(deps, member, messageId))
      ? "before_you_joined"
      : await whyRefused(findKey, { roomId, account, deviceId, version, trace, elapsedMs });
    if (reason === "after_you_left") return left;
    return {
      roomId,
      ...(reason !== undefined && { reason }),
      keyFrom: member.keyFrom,
      ...(room && { currentVersion: room.keyVersion }),
    };
  });
