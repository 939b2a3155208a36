import { randomUUID } from "node:crypto";

import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { HEADERS, userInboxPrefix } from "@parley/contract/headers";
import { clientSubjects, userSubjects, type RoomKeyNotice } from "@parley/contract/notices";
import type { AnyRequest } from "@parley/contract/request";
import { jobResult } from "@parley/contract/room-requests";
import type { CommandReply } from "@parley/contract/shapes";
import type { Site } from "@parley/local-stack/site";

import { sideBySide } from "./measure.ts";
import { within } from "./within.ts";

/** A site answers within 5 s or not at all (ms). */
const REQUEST_TIMEOUT_MS = 6_000;
const CONNECTING_AT_A_TIME = 16;

type ReplyOf<D extends AnyRequest> = ReturnType<D["reply"]["parse"]>;

interface Call<D extends AnyRequest> {
  /** Of the subject, besides those that name the caller. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly body: Parameters<D["body"]["parse"]>[0];
}

/** A command that was accepted; moments as `performance.now` tells them. */
export interface Accepted<R extends CommandReply = CommandReply> {
  readonly reply: R;
  readonly askedAt: number;
  readonly acceptedAt: number;
  /** When its job result arrived. */
  readonly doneAt: Promise<number>;
}

/** One account on a connection of its own, with the rights of any client and none of the client library's work. */
export interface Person {
  readonly account: string;
  readonly siteId: string;
  readonly connection: NatsConnection;
  /** Throws when it is refused: a figure with refusals in it would measure something else. */
  ask<D extends AnyRequest>(declaration: D, call: Call<D>): Promise<ReplyOf<D>>;
  /** As `ask`, for what ends in a job result; throws too when nothing was appended. */
  command<D extends AnyRequest>(declaration: D, call: Call<D>): Promise<Accepted<ReplyOf<D>>>;
}

/** People of one site by account. */
export interface Crowd extends AsyncDisposable {
  /** Throws when nobody has this name. */
  person(account: string): Person;
  readonly people: readonly Person[];
}

/** Resolves with the moment the job result of a request arrives. */
type UntilDone = (requestId: string) => Promise<number>;

function hearJobResults(connection: NatsConnection, of: { homeSite: string; account: string }): UntilDone {
  const waiting = new Map<string, PromiseWithResolvers<number>>();
  connection.subscribe(userSubjects.response.filter(of), {
    callback: (_error, message) => {
      const at = performance.now();
      const { requestId, status, error } = jobResult.parse(message.json());
      if (status === "ok") waiting.get(requestId)?.resolve(at);
      else waiting.get(requestId)?.reject(new Error(`the job of ${requestId} failed: ${error}`));
      waiting.delete(requestId);
    },
  });
  return (requestId) => {
    const result = Promise.withResolvers<number>();
    waiting.set(requestId, result);
    return within(`the job of ${requestId}`, result.promise);
  };
}

/** Says of each key that it is stored, as every client does: whoever stays silent is sent it again. */
function acknowledgeKeys(connection: NatsConnection, own: { homeSite: string; account: string }): void {
  connection.subscribe(userSubjects.roomKey.filter(own), {
    callback: (_error, message) => {
      const { roomId, siteId, version, devices = {} } = message.json<RoomKeyNotice>();
      const [deviceId] = Object.keys(devices);
      const subject = clientSubjects.keyAck.of({ ...own, roomId, siteId });
      connection.publish(subject, JSON.stringify({ version, deviceId }));
    },
  });
}

function personOn(connection: NatsConnection, who: { siteId: string; account: string }): Person {
  const { siteId, account } = who;
  const untilDone = hearJobResults(connection, { homeSite: siteId, account });
  acknowledgeKeys(connection, { homeSite: siteId, account });

  const ask = async <D extends AnyRequest>(
    declaration: D,
    call: Call<D> & { readonly requestId?: string },
  ): Promise<ReplyOf<D>> => {
    const subject = declaration.subject.of({ homeSite: siteId, account, ...call.tokens });
    const sent = headers();
    sent.set(HEADERS.requestId, call.requestId ?? randomUUID());
    const answer = await connection.request(subject, JSON.stringify(call.body), {
      timeout: REQUEST_TIMEOUT_MS,
      headers: sent,
    });
    const reply: { readonly error?: string; readonly reason?: string } = answer.json();
    if (reply.error !== undefined)
      throw new Error(`${declaration.operation} of ${account}: ${reply.error} (${reply.reason})`);
    return declaration.reply.parse(reply);
  };

  return {
    account,
    siteId,
    connection,
    ask,
    async command(declaration, call) {
      const requestId = randomUUID();
      // Waited for before it is asked: a result may arrive on the heels of the reply.
      const doneAt = untilDone(requestId);
      const askedAt = performance.now();
      const reply = await ask(declaration, { ...call, requestId });
      if (reply.status !== "accepted")
        throw new Error(`${declaration.operation} of ${account} was answered ${reply.status}`);
      return { reply, askedAt, acceptedAt: performance.now(), doneAt };
    },
  };
}

async function join(site: Site, account: string): Promise<Person> {
  const credentials = site.users.accounts[account];
  if (!credentials) throw new Error(`${account} is not at home at ${site.siteId}`);
  const connection = await connect({
    servers: new URL(site.nats.url).host,
    user: credentials.user,
    pass: credentials.password,
    inboxPrefix: userInboxPrefix(site.siteId, account),
    // As the product's own connections: the bench shares the machine with what it measures.
    noAsyncTraces: true,
  });
  const person = personOn(connection, { siteId: site.siteId, account });
  await connection.flush();
  return person;
}

/** Connects the accounts at their home site. */
export async function openCrowd(site: Site, accounts: readonly string[]): Promise<Crowd> {
  const people = new Map<string, Person>();
  const close = async (): Promise<void> => {
    await Promise.all([...people.values()].map(({ connection }) => connection.close()));
  };
  await sideBySide({ count: accounts.length, inFlight: CONNECTING_AT_A_TIME }, async (number) => {
    const account = accounts[number] ?? "";
    people.set(account, await join(site, account));
  });
  return {
    person(account) {
      const found = people.get(account);
      if (found === undefined) throw new Error(`nobody connected as ${account}`);
      return found;
    },
    people: [...people.values()],
    [Symbol.asyncDispose]: close,
  };
}
