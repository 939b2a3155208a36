import { directUserIdsOf } from "@parley/contract/ids";
import { Unprocessable } from "@parley/messaging/park";
import type { DirectoryStore } from "@parley/mongo/directory-store";

import type { Arrival } from "./read-arrival.ts";

/** A channel's id has 17 characters, a direct message's the 34 of both its users. */
const CHANNEL_ID_LENGTH = 17;

/**
 * Refuses a peer that speaks first of a direct message that is not its own. Everybody can tell the id of a direct message
 * before it exists, and a replica belongs to whoever spoke of it first: the true home would be refused from then on.
 */
export type AssertHome = (said: Pick<Arrival, "roomId" | "siteId">) => Promise<void>;

/**
 * The home of a direct message is that of the participant whose user id sorts first, as the directory knows it
 * (SPEC-rooms 3.1).
 *
 * @throws Unprocessable when that is another site
 * @throws Error when the directory does not know the user: it may be imported here later than at the home
 */
export const createAssertHome =
  (directory: Pick<DirectoryStore, "findByUserId">): AssertHome =>
  async ({ roomId, siteId }) => {
    if (roomId.length === CHANNEL_ID_LENGTH) return;
    const users = directUserIdsOf(roomId);
    if (!users) throw new Unprocessable("no direct message has this id");
    const first = await directory.findByUserId(users[0]);
    if (!first) throw new Error(`the directory does not know whose direct message ${roomId} is`);
    if (first.homeSite !== siteId)
      throw new Unprocessable("a peer speaks of a direct message homed elsewhere");
  };
