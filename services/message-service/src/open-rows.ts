import { openMessage, type MessageBodies } from "@parley/content-keys/message-bodies";
import type { MessageView } from "@parley/contract/messages";
import type { HistoryPage, MessageRow } from "@parley/mongo/message-store";
import { storedMessageOf } from "@parley/mongo/stored-message";

type Opening = Pick<MessageBodies, "open">;

/** Rows of one room as its members see them; whoever asks was admitted. */
export const openRows = (bodies: Opening, rows: readonly MessageRow[]): Promise<MessageView[]> =>
  Promise.all(rows.map((row) => openMessage(bodies, storedMessageOf(row))));

export const openPage = async (bodies: Opening, page: HistoryPage): Promise<HistoryPage<MessageView>> => ({
  ...page,
  messages: await openRows(bodies, page.messages),
});
