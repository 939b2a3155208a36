import { addMembers, createRoom } from "@parley/contract/room-requests";

import type { Accepted, Crowd, Person } from "./crowd.ts";
import { sideBySide } from "./measure.ts";

const CREATING_AT_A_TIME = 16;

/** A room of `owner`, named the way requests name it. */
export interface Channel {
  readonly owner: Person;
  readonly tokens: { readonly roomId: string; readonly siteId: string };
}

/** Opens a room and waits until it is true. */
export async function openChannel(owner: Person, users: readonly string[]): Promise<Channel> {
  const { siteId } = owner;
  const created = await owner.command(createRoom, {
    tokens: { siteId },
    body: { name: "Bench", users: [...users] },
  });
  await created.doneAt;
  return { owner, tokens: { roomId: created.reply.roomId, siteId } };
}

/** Adds one account. */
export const addTo = ({ owner, tokens }: Channel, account: string): Promise<Accepted> =>
  owner.command(addMembers, { tokens, body: { users: [account] } });

/** Many small rooms, each with an owner of its own, who stays within an account's burst of commands. */
export interface Channels {
  readonly count: number;
  readonly all: readonly Channel[];
  /** Adds the next newcomer to the room of this number, counted round and round. */
  addNext(number: number): Promise<Accepted>;
}

/**
 * Opens a room for each of the first `count` people, with one more member each; everybody after them is a newcomer.
 */
export async function openChannels(
  crowd: Crowd,
  count: number,
  accounts: readonly string[],
): Promise<Channels> {
  const newcomers = accounts.slice(count);
  const added = Array.from({ length: count }, () => 1);
  const all: Channel[] = [];
  await sideBySide({ count, inFlight: CREATING_AT_A_TIME }, async (number) => {
    all[number] = await openChannel(crowd.person(accounts[number] ?? ""), newcomers.slice(0, 1));
  });
  return {
    count,
    all,
    addNext(number) {
      const index = number % count;
      const channel = all[index];
      const place = added[index] ?? 0;
      const newcomer = newcomers[place];
      if (!channel || newcomer === undefined) throw new Error("nobody is left to be added");
      added[index] = place + 1;
      return addTo(channel, newcomer);
    },
  };
}
