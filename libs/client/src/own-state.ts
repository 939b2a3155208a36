import { favouriteRoom, listReceipts, markRead, muteRoom } from "@parley/contract/own-state";

import type { RoomReference } from "./client-events.ts";
import type { CallOptions, ReplyOf } from "./request.ts";
import type { SessionCore } from "./session-core.ts";

/**
 * What this account says of its own relation to a room. It is kept at the account's own site, so it works while the
 * room's home is away; all clients of the account are told, with `read`, `muted` and `favourite` events.
 */
export interface OwnState {
  /**
   * Says that everything up to `upTo` was read; without it, up to now. An older moment changes nothing, and none counts
   * further than 5 min ahead of the site's time. Answers the value that stands.
   */
  markRead(
    room: RoomReference,
    read?: { readonly upTo?: number },
    options?: CallOptions,
  ): Promise<ReplyOf<typeof markRead>>;
  /** Sets whether the room is muted; of several clients the last to say so wins. */
  mute(room: RoomReference, muted: boolean, options?: CallOptions): Promise<ReplyOf<typeof muteRoom>>;
  /** Sets whether the room is a favourite; of several clients the last to say so wins. */
  favourite(
    room: RoomReference,
    favourite: boolean,
    options?: CallOptions,
  ): Promise<ReplyOf<typeof favouriteRoom>>;
  /**
   * Who has read a message of this account, at most 500 of them by name, and how many have. Members of other sites count
   * as soon as their sites have told the room's home.
   * @throws {ParleyError} `not_message_author` for a message of somebody else
   */
  receipts(
    room: RoomReference,
    messageId: string,
    options?: CallOptions,
  ): Promise<ReplyOf<typeof listReceipts>>;
}

export function createOwnState({ requester, siteId }: SessionCore): OwnState {
  const atOwnSite = ({ roomId }: RoomReference): RoomReference => ({ roomId, siteId });
  return {
    markRead: (room, read = {}, options = {}) =>
      requester.call(markRead, { ...options, tokens: atOwnSite(room), body: { ...read } }),
    mute: (room, muted, options = {}) =>
      requester.call(muteRoom, { ...options, tokens: atOwnSite(room), body: { muted } }),
    favourite: (room, favourite, options = {}) =>
      requester.call(favouriteRoom, { ...options, tokens: atOwnSite(room), body: { favourite } }),
    receipts: ({ roomId, siteId: home }, messageId, options = {}) =>
      requester.call(listReceipts, { ...options, tokens: { roomId, siteId: home }, body: { messageId } }),
  };
}
