import { displayNameOf } from "@parley/contract/directory";
import { Failure } from "@parley/contract/failure";
import { listReceipts, READERS_MAX } from "@parley/contract/own-state";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { MessageOrigin, MessageStore } from "@parley/mongo/message-store";
import type { Subscription, SubscriptionStore } from "@parley/mongo/subscription-store";

interface Deps {
  readonly siteId: string;
  readonly messages: Pick<MessageStore, "findOrigin">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "listReaders">;
  readonly directory: Pick<DirectoryStore, "findMany">;
}

/**
 * Who wrote a message may ask who read it, as long as they may see it themselves.
 * @throws Failure
 */
function admitAuthor(
  siteId: string,
  member: Subscription | undefined,
  message: MessageOrigin | undefined,
): MessageOrigin {
  if (!member) throw new Failure("not_room_member");
  if (member.roomSite !== siteId) throw new Failure("wrong_site", { metadata: { siteId: member.roomSite } });
  if (!message) throw new Failure("message_not_found");
  if (message.createdAt < (member.historySharedSince ?? 0)) throw new Failure("outside_access_window");
  if (message.account !== member.account) throw new Failure("not_message_author");
  return message;
}

/** Who has read the caller's message: who read least far first, so that whoever has only just come to it is named. */
export const listReceiptsEndpoint = ({ siteId, messages, subscriptions, directory }: Deps): Endpoint =>
  userEndpoint(listReceipts, async ({ tokens: { roomId }, body: { messageId }, caller: { account } }) => {
    const [member, message] = await Promise.all([
      subscriptions.find(roomId, account),
      messages.findOrigin(roomId, messageId),
    ]);
    const { createdAt: since } = admitAuthor(siteId, member, message);
    const { readers, total } = await subscriptions.listReaders({
      roomId,
      since,
      except: account,
      limit: READERS_MAX,
    });
    const entries = await directory.findMany(readers.map((reader) => reader.account));
    const names = new Map(entries.map((entry) => [entry.account, displayNameOf(entry)]));
    return {
      readers: readers.map((reader) => ({ ...reader, name: names.get(reader.account) ?? reader.account })),
      total,
    };
  });
