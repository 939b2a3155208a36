import { laneFilter } from "@parley/contract/consumers";
import { canonicalSubjects } from "@parley/contract/events";
import { streamName } from "@parley/contract/streams";

import type { Inspection } from "./inspect-site.ts";

/** More than a room of any test has events. */
const MESSAGES_MAX = 1_000;

/** What a peer sent of one of its rooms. */
interface InboxArrival {
  readonly revision: number;
  /** An event's own, `snapshot` or `final`. */
  readonly type: string;
}

/** What a site's INBOX holds of a peer's room, in its order; `inbox` looks with the rights of inbox-worker. */
export async function inboxArrivals(
  inbox: Inspection,
  of: { readonly siteId: string; readonly peer: string; readonly roomId: string },
): Promise<readonly InboxArrival[]> {
  const messages = await inbox.broker.manager.direct.getBatch(streamName("INBOX", of.siteId), {
    seq: 1,
    batch: MESSAGES_MAX,
    next_by_subj: laneFilter(of),
  });
  const arrivals: InboxArrival[] = [];
  for await (const message of messages) {
    const { revision } = message.json<{ revision: number }>();
    arrivals.push({ revision, type: canonicalSubjects.outbox.parse(message.subject).type });
  }
  return arrivals;
}

/** As `inboxArrivals`, how far each brings the room. */
export const inboxRevisions = async (...asked: Parameters<typeof inboxArrivals>): Promise<number[]> =>
  (await inboxArrivals(...asked)).map(({ revision }) => revision);
