import type { RoomDocument } from "@parley/mongo/room-document-store";
import { describe, expect, it } from "vitest";

import { createRecipients } from "./recipients.ts";

const channel = "a".repeat(17);
const direct = "b".repeat(34);
const participants = [
  { account: "ann", siteId: "alpha" },
  { account: "ben", siteId: "beta" },
];

function setUp(found: Partial<RoomDocument> | undefined) {
  const reads: string[] = [];
  const recipients = createRecipients({
    siteId: "alpha",
    rooms: {
      find: async (roomId) => {
        reads.push(roomId);
        return found as RoomDocument | undefined;
      },
    },
  });
  return { recipients, reads };
}

describe("createRecipients", () => {
  it("publishes a channel's messages on its own subject, without reading anything", async () => {
    const { recipients, reads } = setUp(undefined);

    expect(await recipients(channel)).toEqual([`chat.room.alpha.${channel}.event`]);
    expect(await recipients(channel, "typing")).toEqual([`chat.room.alpha.${channel}.event.typing`]);
    expect(reads).toEqual([]);
  });

  it("publishes a dm's messages to each participant at home, reading them once", async () => {
    const { recipients, reads } = setUp({ participants });

    for (let count = 0; count < 2; count += 1)
      expect(await recipients(direct)).toEqual([
        "chat.user.alpha.ann.event.alpha.room",
        "chat.user.beta.ben.event.alpha.room",
      ]);
    expect(reads).toEqual([direct]);
  });

  it("lets a dm wait whose participants are not projected yet", async () => {
    const { recipients } = setUp(undefined);

    await expect(recipients(direct)).rejects.toMatchObject({ reason: "store_unavailable" });
  });
});
