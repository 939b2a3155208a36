import type { Client, ClientEvent } from "@parley/client/client";
import { connectParley } from "@parley/client/connect-node";
import { roomEvent, type RoomEvent } from "@parley/contract/messages";
import { userInboxPrefix } from "@parley/contract/headers";
import { roomKeyNotice, roomSubjects, userSubjects, type RoomKeyNotice } from "@parley/contract/notices";
import type { Site } from "@parley/local-stack/site";
import { connect, type Msg, type NatsConnection } from "@nats-io/transport-node";

/** A key as it is sent to an account without devices. */
type PlainKey = RoomKeyNotice & { readonly privateKey: string };

const isPlain = (key: RoomKeyNotice): key is PlainKey => key.privateKey !== undefined;

/** One account with its client, and with an ear on the wire that hears what any client may. */
export interface Actor extends AsyncDisposable {
  readonly account: string;
  readonly client: Client;
  /** A second connection of the same user, for what no client would send. */
  readonly connection: NatsConnection;
  readonly events: readonly ClientEvent[];
  /** Every `room.key` this account was ever sent, copies included. */
  readonly keyNotices: readonly RoomKeyNotice[];
  /** Of those, the ones whose keys were not wrapped for devices. */
  readonly keysSent: readonly PlainKey[];
  /** Every sealed event on any room's subject, as it stands on the wire. */
  readonly overheard: readonly RoomEvent[];
  /** Contents of the messages this account opened in a room. */
  opened(roomId: string): readonly string[];
}

/** What a message says if it is a room event; tests also put there what is none. */
function roomEventIn(message: Msg): RoomEvent | undefined {
  try {
    return roomEvent.parse(message.json());
  } catch {
    // Not what the test listens for: the client under test has to cope with it, not the ear beside it.
    return undefined;
  }
}

/** Listens beside the client; what it hears is sealed, or for this account alone. */
async function listen(connection: NatsConnection, of: { siteId: string; account: string }) {
  const keyNotices: RoomKeyNotice[] = [];
  const keysSent: PlainKey[] = [];
  const overheard: RoomEvent[] = [];
  const own = { homeSite: of.siteId, account: of.account };
  connection.subscribe(userSubjects.roomKey.filter(own), {
    callback: (_error, message) => {
      const notice = roomKeyNotice.parse(message.json());
      keyNotices.push(notice);
      if (isPlain(notice)) keysSent.push(notice);
    },
  });
  for (const subject of [roomSubjects.event, roomSubjects.member])
    connection.subscribe(subject.filter(), {
      callback: (_error, message) => {
        const event = roomEventIn(message);
        if (event) overheard.push(event);
      },
    });
  await connection.flush();
  return { keyNotices, keysSent, overheard };
}

/** How an account enters beyond its login. */
export interface EnterOptions extends Pick<Parameters<typeof connectParley>[0], "device"> {
  /** Called with each event as it comes. */
  readonly tell?: (event: ClientEvent) => void;
}

/** Connects an account at its home site, as its user of the broker and with no more rights. */
export async function enter(
  site: Site,
  account: string,
  { tell, ...options }: EnterOptions = {},
): Promise<Actor> {
  const credentials = site.users.accounts[account];
  if (!credentials) throw new Error(`${account} is not at home at ${site.siteId}`);
  const { siteId } = site;
  const servers = new URL(site.nats.url).host;
  const connection = await connect({
    servers,
    user: credentials.user,
    pass: credentials.password,
    inboxPrefix: userInboxPrefix(siteId, account),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
  });
  const heard = await listen(connection, { siteId, account });
  const client = await connectParley({ servers, siteId, account, authentication: credentials, ...options });
  const events: ClientEvent[] = [];
  const reading = (async () => {
    for await (const event of client.events()) {
      events.push(event);
      tell?.(event);
    }
  })();
  return {
    account,
    client,
    connection,
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
