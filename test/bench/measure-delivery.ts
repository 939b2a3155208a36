import { setTimeout as delay } from "node:timers/promises";

import { newMessageId } from "@parley/contract/ids";
import { sendMessage } from "@parley/contract/messages";
import { roomSubjects } from "@parley/contract/notices";
import type { Site } from "@parley/local-stack/site";

import { openChannel, type Channel } from "./channels.ts";
import type { Crowd, Person } from "./crowd.ts";
import type { Figure } from "./figure.ts";
import { spreadOf } from "./measure.ts";
import { describeShares, processesOf, watchProcessors } from "./processes.ts";
import { within } from "./within.ts";

const MEMBERS = 100;
const ROOMS = 10;
const PER_SECOND = 500;
const SECONDS = 4;
/** Sent before anything is counted: connections and caches are warm then. */
const WARM_UP = 500;
/** Messages leave in handfuls, since timers are coarser than the pace (ms). */
const TICK_MS = 10;
const CONTENT = "x".repeat(200);
/** The id is among the first fields of an event; reading all of it 50 000 times a second would be the measurement. */
const HEAD_BYTES = 200;
const ID = /"id":"(\w{20})"/;
const RECEIVED_BAR = { of: "value", is: "at most", limit: 100 } as const;

interface Setting {
  readonly site: Site;
  readonly crowd: Crowd;
  readonly accounts: readonly string[];
  readonly onProgress: (line: string) => void;
}

/** Moments at which each member received each message. */
interface Receipts {
  readonly moments: ReadonlyMap<string, readonly number[]>;
  /** Resolves when everybody has received so many messages, system messages left out. */
  untilAll(messages: number): Promise<void>;
}

async function hear(members: readonly Person[], rooms: readonly Channel[]): Promise<Receipts> {
  const moments = new Map<string, number[]>();
  let received = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let all = Promise.withResolvers<void>();
  const hearOne = (data: Uint8Array): void => {
    const at = performance.now();
    const id = ID.exec(
      Buffer.from(data.buffer, data.byteOffset, Math.min(data.length, HEAD_BYTES)).toString("latin1"),
    )?.[1];
    if (id === undefined) return;
    const known = moments.get(id);
    if (known) known.push(at);
    else moments.set(id, [at]);
    received += 1;
    if (received >= wanted) all.resolve();
  };
  for (const { connection } of members)
    for (const { tokens } of rooms)
      connection.subscribe(roomSubjects.event.of(tokens), {
        callback: (_error, message) => hearOne(message.data),
      });
  await Promise.all(members.map(({ connection }) => connection.flush()));
  return {
    moments,
    untilAll(messages) {
      wanted = messages * members.length;
      all = Promise.withResolvers();
      if (received >= wanted) all.resolve();
      return within(`${wanted} receipts`, all.promise);
    },
  };
}

/** Sends so many messages at the pace, each member and each room in its turn; answers when each was sent. */
async function sendAtPace(
  members: readonly Person[],
  rooms: readonly Channel[],
  count: number,
): Promise<ReadonlyMap<string, number>> {
  const sent = new Map<string, number>();
  const answers: Promise<unknown>[] = [];
  const startedAt = performance.now();
  while (sent.size < count) {
    const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1_000) * PER_SECOND) + 1);
    while (sent.size < due) {
      const [sender, room] = [members[sent.size % members.length], rooms[sent.size % rooms.length]];
      if (!sender || !room) throw new Error("there is nobody to send, or nowhere to send to");
      const messageId = newMessageId();
      sent.set(messageId, performance.now());
      answers.push(sender.ask(sendMessage, { tokens: room.tokens, body: { messageId, content: CONTENT } }));
    }
    await delay(TICK_MS);
  }
  await Promise.all(answers);
  return sent;
}

/** From sending a message to each of its room's members having received it, at a steady pace. */
export async function measureDelivery({
  site,
  crowd,
  accounts,
  onProgress,
}: Setting): Promise<readonly Figure[]> {
  const names = accounts.slice(0, MEMBERS);
  const members = names.map((account) => crowd.person(account));
  const rooms: Channel[] = [];
  for (const owner of members.slice(0, ROOMS))
    rooms.push(
      await openChannel(
        owner,
        names.filter((account) => account !== owner.account),
      ),
    );
  const receipts = await hear(members, rooms);
  const warmUp = await sendAtPace(members, rooms, WARM_UP);
  await receipts.untilAll(warmUp.size);
  const shares = watchProcessors(processesOf(site));
  const sent = await sendAtPace(members, rooms, SECONDS * PER_SECOND);
  await receipts.untilAll(warmUp.size + sent.size);
  onProgress(`${sent.size} messages to ${MEMBERS} members each: ${describeShares(shares())}`);
  const delays = [...sent].flatMap(([id, sentAt]) =>
    (receipts.moments.get(id) ?? []).map((at) => at - sentAt),
  );
  const { p50, p99 } = spreadOf(delays);
  const of = `${PER_SECOND} a second to ${MEMBERS} members each`;
  return [
    { name: `message sent → received, ${of}, p50`, value: p50, unit: "ms" },
    { name: `message sent → received, ${of}, p99`, value: p99, unit: "ms", bar: RECEIVED_BAR },
  ];
}
