import { setTimeout as delay } from "node:timers/promises";

import { newMessageId } from "@parley/contract/ids";
import { roomEvent, sendMessage } from "@parley/contract/messages";
import { roomSubjects } from "@parley/contract/notices";
import type { Site } from "@parley/local-stack/site";

import type { Channel, Channels } from "./channels.ts";
import type { Person } from "./crowd.ts";
import type { Figure } from "./figure.ts";
import { median, sideBySide, spreadOf, timed } from "./measure.ts";
import { describeShares, processesOf, watchProcessors } from "./processes.ts";
import { IN_FLIGHT, type LimitThen, type PublishLimit } from "./measure-publish-limit.ts";
import { within } from "./within.ts";

const ROUNDS = 3;
const MESSAGES_PER_ROUND = 2_000;
const MESSAGES_AT_A_PACE = 200;
/** A moderate rate: 50 messages a second. */
const PACE_MS = 20;
const CONTENT = "x".repeat(200);

interface Setting {
  readonly site: Site;
  readonly channels: Channels;
  /** Anybody: every client may hear every room's subject, sealed. */
  readonly listener: Person;
  readonly limit: PublishLimit;
  readonly onProgress: (line: string) => void;
}

/** The moment a message is published to its room. */
export type UntilHeard = (messageId: string) => Promise<number>;

/** Listens to every room of the person's site. */
export async function hearMessages({ connection, siteId }: Person): Promise<UntilHeard> {
  const waiting = new Map<string, (at: number) => void>();
  connection.subscribe(roomSubjects.event.filter({ siteId }), {
    callback: (_error, message) => {
      const at = performance.now();
      const { id } = roomEvent.parse(message.json());
      waiting.get(id)?.(at);
      waiting.delete(id);
    },
  });
  await connection.flush();
  return (messageId) => {
    const heard = new Promise<number>((resolve) => void waiting.set(messageId, resolve));
    return within(`the publication of ${messageId}`, heard);
  };
}

interface SentMessage {
  readonly sentAt: number;
  readonly storedAt: number;
  readonly heardAt: Promise<number>;
}

/** Sends one message. */
export async function sendTo({ owner, tokens }: Channel, untilHeard: UntilHeard): Promise<SentMessage> {
  const messageId = newMessageId();
  const heardAt = untilHeard(messageId);
  const sentAt = performance.now();
  await owner.ask(sendMessage, { tokens, body: { messageId, content: CONTENT } });
  return { sentAt, storedAt: performance.now(), heardAt };
}

const channelAt = ({ all, count }: Channels, number: number): Channel => {
  const channel = all[number % count];
  if (!channel) throw new Error("there are no rooms to send to");
  return channel;
};

interface Rates {
  readonly stored: number;
  readonly published: number;
}

/** Per second over all rooms at once: stored (the reply), and sealed and published (heard). */
async function measureRates(setting: Setting, untilHeard: UntilHeard): Promise<Rates> {
  const { channels, site, onProgress } = setting;
  const stored: number[] = [];
  const published: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const shares = watchProcessors(processesOf(site));
    const sent: SentMessage[] = [];
    let storedMs = 0;
    const publishedMs = await timed(async () => {
      storedMs = await timed(() =>
        sideBySide({ count: MESSAGES_PER_ROUND, inFlight: IN_FLIGHT }, async (number) => {
          sent.push(await sendTo(channelAt(channels, number), untilHeard));
        }),
      );
      await Promise.all(sent.map(({ heardAt }) => heardAt));
    });
    if (round === 0) continue;
    onProgress(`${MESSAGES_PER_ROUND} messages: ${describeShares(shares())}`);
    stored.push(MESSAGES_PER_ROUND / (storedMs / 1_000));
    published.push(MESSAGES_PER_ROUND / (publishedMs / 1_000));
  }
  return { stored: median(stored), published: median(published) };
}

function rateFigures(
  { channels }: Setting,
  { stored, published }: Rates,
  limit: LimitThen,
): readonly Figure[] {
  const baseline = limit.perSecond;
  const of = `${channels.count} rooms, ${IN_FLIGHT} in flight`;
  return [
    { name: `messages stored, ${of}`, value: stored, unit: "/s", baseline },
    { name: `messages sealed and published end to end, ${of}`, value: published, unit: "/s", baseline },
  ];
}

/** At a moderate rate: how long a message takes from its sender to whoever listens. */
async function measureDelays(
  { channels }: Setting,
  limit: LimitThen,
  untilHeard: UntilHeard,
): Promise<readonly Figure[]> {
  const sending: Promise<SentMessage>[] = [];
  for (let number = 0; number < MESSAGES_AT_A_PACE; number += 1) {
    sending.push(sendTo(channelAt(channels, number), untilHeard));
    await delay(PACE_MS);
  }
  const sent = await Promise.all(sending);
  const replies = spreadOf(sent.map(({ sentAt, storedAt }) => storedAt - sentAt));
  const heard = spreadOf(
    await Promise.all(sent.map(async ({ sentAt, heardAt }) => (await heardAt) - sentAt)),
  );
  const baseline = limit.acknowledgedMs;
  const pace = `${1_000 / PACE_MS} a second`;
  return [
    { name: `message sent → stored, ${pace}, p50`, value: replies.p50, unit: "ms", baseline },
    { name: `message sent → stored, ${pace}, p99`, value: replies.p99, unit: "ms", baseline },
    { name: `message sent → received, ${pace}, p50`, value: heard.p50, unit: "ms", baseline },
    { name: `message sent → received, ${pace}, p99`, value: heard.p99, unit: "ms", baseline },
  ];
}

export async function measureMessages(setting: Setting): Promise<readonly Figure[]> {
  const untilHeard = await hearMessages(setting.listener);
  const { result: rates, limit } = await setting.limit.around(() => measureRates(setting, untilHeard));
  return [...rateFigures(setting, rates, limit), ...(await measureDelays(setting, limit, untilHeard))];
}
