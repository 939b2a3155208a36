import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { connect, RequestError, TimeoutError, type NatsConnection } from "@nats-io/transport-node";
import { serviceInboxPrefix } from "@parley/contract/headers";
import { pingSite } from "@parley/contract/server-requests";

import { natsLeafUser, type LeafUser, type SiteLinks } from "../src/leafnodes.ts";
import { startLinks, type Link } from "../src/links.ts";
import { startNatsServer } from "../src/nats-server.ts";

const POLL_MS = 20;
const LINKED_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 500;

/** Linked brokers at which their operators may do everything: nothing but the links holds them. */
export interface LinkedBrokers extends AsyncDisposable {
  /** Somebody who runs this site. Replies arrive as those to its processes, unless another prefix is given. */
  operator(siteId: string, inboxPrefix?: string): Promise<NatsConnection>;
  link(siteId: string): Link;
  /** Returns when every site can ask every other one. */
  untilLinked(): Promise<void>;
}

/**
 * Starts brokers that are linked as those of a stack are, and returns when they are linked. The hostile one is configured
 * as its operator pleases: what a site refuses itself is no protection from it.
 */
export async function startLinkedBrokers(
  siteIds: readonly string[],
  of: { hostile: string },
): Promise<LinkedBrokers> {
  await using started = new AsyncDisposableStack();
  const root = mkdtempSync(join(tmpdir(), "linked-brokers-"));
  started.defer(() => rmSync(root, { recursive: true, force: true }));
  const login = { user: "operator", password: randomBytes(24).toString("base64url") };
  const links = await startLinks({ siteIds, kind: "cuttable", hubDir: join(root, "hub") });
  started.defer(() => links.stop());
  const addresses = new Map<string, string>();
  for (const siteId of siteIds) {
    const plan = await links.of(siteId);
    const server = await startNatsServer({
      dir: join(root, siteId),
      domain: siteId,
      accounts: accountsOf(login, plan.accepts),
      links: siteId === of.hostile ? withoutScruples(plan) : plan,
    });
    started.defer(() => server.stop());
    links.started({ siteId, linkPort: server.linkPort });
    addresses.set(siteId, server.url);
  }
  const operator = async (siteId: string, inboxPrefix = serviceInboxPrefix(siteId)) => {
    const servers = addresses.get(siteId) ?? "";
    const connection = await connect({ servers, user: login.user, pass: login.password, inboxPrefix });
    running.defer(() => connection.close());
    return connection;
  };
  const running = started.move();
  const reachable = await Promise.all(
    siteIds.map(async (siteId) => ({ siteId, connection: await operator(siteId) })),
  );
  reachable.forEach(answerPings);
  const untilLinked = async () => {
    for (const { siteId: fromSite, connection } of reachable) {
      for (const siteId of siteIds.filter((other) => other !== fromSite)) {
        await untilAnswered(connection, pingSite.subject.of({ siteId, fromSite }));
      }
    }
  };
  await untilLinked();
  return {
    operator,
    link: (siteId) => links.link(siteId),
    untilLinked,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Whether anybody answers a request. */
export async function isAnswered(connection: NatsConnection, subject: string): Promise<boolean> {
  try {
    await connection.request(subject, "{}", { timeout: ANSWER_TIMEOUT_MS });
    return true;
  } catch (error) {
    if (error instanceof TimeoutError || (error instanceof RequestError && error.isNoResponders())) {
      return false;
    }
    throw error;
  }
}

/** Returns when somebody answers a request, which it may take a link a while to carry. */
export async function untilAnswered(connection: NatsConnection, subject: string): Promise<void> {
  const giveUpAt = performance.now() + LINKED_TIMEOUT_MS;
  while (!(await isAnswered(connection, subject))) {
    if (performance.now() > giveUpAt) {
      throw new Error(`nobody answers ${subject}`);
    }
    await delay(POLL_MS);
  }
}

function answerPings({ siteId, connection }: { siteId: string; connection: NatsConnection }): void {
  connection.subscribe(pingSite.subject.filter({ siteId }), {
    callback: (_error, message) => void message.respond("here"),
  });
}

function withoutScruples({ accepts, remote }: SiteLinks): SiteLinks {
  return { accepts, remote: remote && { ...remote, deniedImports: [] } };
}

function accountsOf(login: { user: string; password: string }, leafUsers: readonly LeafUser[]): string {
  const configured = {
    APP: { jetstream: "enabled", users: [login, ...leafUsers.map(natsLeafUser)] },
    SYS: { users: [] },
  };
  return `accounts: ${JSON.stringify(configured, null, 2)}\nsystem_account: SYS\n`;
}
