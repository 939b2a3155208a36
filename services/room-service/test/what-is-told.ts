import { canonicalMessage } from "@parley/contract/messages";
import { listRooms } from "@parley/contract/room-requests";
import { streamName } from "@parley/contract/streams";
import type { Seen, TestClients } from "@parley/site/test/test-clients";
import type { TestSite } from "@parley/site/test/test-site";

/** The notices to a channel that are no members' business alone. */
export const noticesOf = ({ seen }: TestClients, siteId: string, roomId: string): Seen[] =>
  seen.filter(({ subject }) => subject === `chat.room.${siteId}.${roomId}.event`);

/** The last system message of a room. */
export async function lastWords({ broker, siteId }: TestSite, roomId: string) {
  const stream = streamName("MESSAGES_CANONICAL", siteId);
  const last = { last_by_subj: `chat.msg.canonical.${siteId}.*.${roomId}.>` };
  const stored = await broker.manager.streams.getMessage(stream, last);
  const message = canonicalMessage.parse(stored?.json());
  if (message.type !== "created" || "body" in message.data)
    throw new Error(`the last message of ${roomId} is none of the system's`);
  const { content, system, sender } = message.data;
  return { content, system, sender: sender.account };
}

/** The room as an account's list shows it. */
export async function roomOf(clients: TestClients, account: string, roomId: string) {
  const { rooms } = await clients.ask(account, listRooms, { body: {} });
  return rooms.find(({ room }) => room.roomId === roomId)?.room;
}
