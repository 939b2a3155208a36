import type { Client, ClientEvent } from "@parley/client/client";
import { connectParley } from "@parley/client/connect-node";
import { roomEvent, type RoomEvent } from "@parley/contract/messages";
import { userInboxPrefix } from "@parley/contract/headers";
import { roomKeyNotice, roomSubjects, userSubjects, type RoomKeyNotice } from "@parley/contract/notices";
import type { Site } from "@parley/local-stack/site";
import { connect, type NatsConnection } from "@nats-io/transport-node";

import type { Stage } from "./stage.ts";

/** One account with its client, and with an ear on the wire that hears what any client may. */
export interface Actor extends AsyncDisposable {
  readonly account: string;
  readonly client: Client;
  readonly events: readonly ClientEvent[];
  /** Every `room.key` this account was ever sent, copies included. */
  readonly keysSent: readonly RoomKeyNotice[];
  /** Every sealed event on any room's subject, as it stands on the wire. */
  readonly overheard: readonly RoomEvent[];
  /** Contents of the messages this account opened in a room. */
  opened(roomId: string): readonly string[];
}

type Telling = { readonly [T in ClientEvent["type"]]?: (event: Extract<ClientEvent, { type: T }>) => string };

/** How an event reads in the demo's output; what is not here is not worth a line. */
const WORDS: Telling = {
  added: ({ room }) => `is in "${room.name}" now, ${room.memberCount} members`,
  removed: ({ by }) => `is out of the room, told by ${by ?? "nobody"}`,
  role_changed: ({ account, role }) => `learns that ${account} is ${role} now`,
  key: ({ version }) => `holds key v${version}`,
  message: ({ message: { system, sender, content } }) =>
    system ? `reads: ${content}` : `opens ${sender.name}: ${content}`,
  unopened: ({ version, reason }) => `cannot open an event of key v${version}: ${reason}`,
  members_removed: ({ accounts }) => `learns that ${accounts.join(", ")} left the room`,
};

const wordsFor = (event: ClientEvent): string | undefined =>
  (WORDS[event.type] as ((event: ClientEvent) => string) | undefined)?.(event);

/** Listens beside the client; what it hears is sealed, or for this account alone. */
async function listen(connection: NatsConnection, of: { siteId: string; account: string }) {
  const keysSent: RoomKeyNotice[] = [];
  const overheard: RoomEvent[] = [];
  const own = { homeSite: of.siteId, account: of.account };
  connection.subscribe(userSubjects.roomKey.filter(own), {
    callback: (_error, message) => void keysSent.push(roomKeyNotice.parse(message.json())),
  });
  for (const subject of [roomSubjects.event, roomSubjects.member])
    connection.subscribe(subject.filter(), {
      callback: (_error, message) => void overheard.push(roomEvent.parse(message.json())),
    });
  await connection.flush();
  return { keysSent, overheard };
}

/** Connects an account at its home site; what it sees is told on the stage. */
export async function enter(stage: Stage, site: Site, account: string): Promise<Actor> {
  const credentials = site.users.accounts[account];
  if (!credentials) throw new Error(`${account} is not at home at ${site.siteId}`);
  const { siteId } = site;
  const servers = new URL(site.nats.url).host;
  const connection = await connect({
    servers,
    user: credentials.user,
    pass: credentials.password,
    inboxPrefix: userInboxPrefix(siteId, account),
  });
  const heard = await listen(connection, { siteId, account });
  const client = await connectParley({ servers, siteId, account, authentication: credentials });
  const events: ClientEvent[] = [];
  const reading = (async () => {
    for await (const event of client.events()) {
      events.push(event);
      const words = wordsFor(event);
      if (words !== undefined) stage.saw(account, words);
    }
  })();
  return {
    account,
    client,
    events,
    ...heard,
    opened: (roomId) =>
      events.flatMap((event) =>
        event.type === "message" && event.roomId === roomId && !event.message.system
          ? [event.message.content]
          : [],
      ),
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await reading;
      await connection.close();
    },
  };
}
