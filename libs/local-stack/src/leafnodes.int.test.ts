import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { serviceInboxPrefix } from "@parley/contract/headers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { isAnswered, untilAnswered } from "../test/linked-brokers.ts";
import { createStreams, type LinkedStreams } from "../test/linked-streams.ts";
import { createLeafUser } from "./leafnodes.ts";
import { startNatsServer } from "./nats-server.ts";
import { deniedImports } from "./permissions.ts";

const room = "jHjHNiEuCoJo8Nrzp";
const running = new AsyncDisposableStack();
let accepting: NatsConnection;
let connecting: NatsConnection;
let streams: LinkedStreams;

/** A site `beta` that connects to somebody who holds nobody to anything. */
beforeAll(async () => {
  const root = mkdtempSync(join(tmpdir(), "leafnodes-"));
  running.defer(() => rmSync(root, { recursive: true, force: true }));
  const everything = { publish: [">"], subscribe: [">"] };
  const leafUser = { ...createLeafUser("beta", ["alpha"]), permissions: everything };
  const leaf = { user: leafUser.user, password: leafUser.password, permissions: everything };
  const alpha = await startNatsServer({
    dir: join(root, "alpha"),
    domain: "alpha",
    accounts: accountsOf([{ user: "operator", password: "operator" }, leaf]),
    links: { accepts: [leafUser] },
  });
  running.defer(() => alpha.stop());
  const beta = await startNatsServer({
    dir: join(root, "beta"),
    domain: "beta",
    accounts: accountsOf([{ user: "operator", password: "operator" }]),
    links: {
      accepts: [],
      remote: { port: alpha.linkPort, login: leafUser, deniedImports: deniedImports("beta") },
    },
  });
  running.defer(() => beta.stop());
  accepting = await operatorOf(alpha.url, "alpha");
  connecting = await operatorOf(beta.url, "beta");
  streams = await createStreams(connecting, { siteId: "beta", peers: [] });
  connecting.subscribe("chat.server.request.site.beta.ping.alpha", {
    callback: (_error, message) => void message.respond("here"),
  });
  await untilAnswered(accepting, "chat.server.request.site.beta.ping.alpha");
});
afterAll(() => running.disposeAsync());

function accountsOf(users: readonly object[]): string {
  const configured = { APP: { jetstream: "enabled", users }, SYS: { users: [] } };
  return `accounts: ${JSON.stringify(configured)}\nsystem_account: SYS\n`;
}

async function operatorOf(servers: string, siteId: string): Promise<NatsConnection> {
  const inboxPrefix = serviceInboxPrefix(siteId);
  const connection = await connect({ servers, user: "operator", pass: "operator", inboxPrefix });
  running.defer(() => connection.close());
  return connection;
}

describe("whatever the accepting side lets pass, a connecting site", () => {
  test.each([
    `chat.room.canonical.beta.${room}.members_removed`,
    `chat.room.canonical.beta.3.${room}.event`,
    `chat.msg.canonical.beta.${room}.created`,
    `inbox.beta.local.${room}.snapshot`,
    `outbox.beta.alpha.${room}.room_created`,
    "dead.beta.inbox-worker.unparseable",
  ])("stores nothing that is sent to %s", async (subject) => {
    accepting.publish(subject, "{}");
    await accepting.request("chat.server.request.site.beta.ping.alpha");

    const found = await streams.manager.streams.list().next();
    expect(found.map(({ state }) => state.messages)).toEqual([0, 0, 0, 0, 0]);
  });

  test.each([
    "INFO",
    "STREAM.NAMES",
    "STREAM.PURGE.ROOMS_beta",
    "STREAM.DELETE.OUTBOX_beta",
    "STREAM.MSG.DELETE.OUTBOX_beta",
    "DIRECT.GET.ROOMS_beta",
    "CONSUMER.CREATE.ROOMS_beta.spy",
    `CONSUMER.CREATE.ROOMS_beta.spy.chat.room.canonical.beta.>`,
    "CONSUMER.CREATE.INBOX_beta.spy",
    "CONSUMER.DURABLE.CREATE.ROOMS_beta.spy",
    "CONSUMER.DELETE.ROOMS_beta.room-worker",
  ])("obeys no %s", async (command) => {
    expect(await isAnswered(accepting, `$JS.beta.API.${command}`)).toBe(false);
    expect((await streams.manager.streams.names().next()).length).toBe(5);
  });
});

test("a connecting site still hands its lane out and hears the rooms of others", async () => {
  const heard = Promise.withResolvers<string>();
  connecting.subscribe("chat.room.*.*.event", {
    callback: (_error, message) => heard.resolve(message.subject),
  });
  await connecting.flush();
  const manager = await jetstreamManager(accepting, { domain: "beta", checkAPI: false });
  const { name } = await manager.consumers.add("OUTBOX_beta", {
    name: "lane",
    ack_policy: "none",
    filter_subject: "outbox.beta.alpha.>",
  });
  accepting.publish(`chat.room.alpha.${room}.event`, "{}");

  expect(name).toBe("lane");
  expect(await heard.promise).toBe(`chat.room.alpha.${room}.event`);
});
