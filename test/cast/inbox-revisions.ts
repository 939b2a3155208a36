import { laneFilter } from "@parley/contract/consumers";
import { streamName } from "@parley/contract/streams";

import type { Inspection } from "./inspect-site.ts";

/** More than a room of any test has events. */
const MESSAGES_MAX = 1_000;

/** Revisions that a site's INBOX holds of a peer's room, in its order; `inbox` looks with the rights of inbox-worker. */
export async function inboxRevisions(
  inbox: Inspection,
  of: { readonly siteId: string; readonly peer: string; readonly roomId: string },
): Promise<readonly number[]> {
  const messages = await inbox.broker.manager.direct.getBatch(streamName("INBOX", of.siteId), {
    seq: 1,
    batch: MESSAGES_MAX,
    next_by_subj: laneFilter(of),
  });
  const revisions: number[] = [];
  for await (const message of messages) revisions.push(message.json<{ revision: number }>().revision);
  return revisions;
}
