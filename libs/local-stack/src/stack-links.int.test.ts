import { connect, type NatsConnection } from "@nats-io/transport-node";
import { userInboxPrefix } from "@parley/contract/headers";
import { roomSubjects, userSubjects } from "@parley/contract/notices";
import type { ProcessName } from "@parley/contract/processes";
import { addMembers } from "@parley/contract/room-requests";
import { getRoomKey, pingSite } from "@parley/contract/server-requests";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { isAnswered, untilAnswered } from "../test/linked-brokers.ts";
import { inCheckout } from "./checkout.ts";
import { processInboxPrefix } from "./permissions.ts";
import type { Credentials } from "./site-users.ts";
import { startStack, type Stack } from "./stack.ts";

const roomId = "jHjHNiEuCoJo8Nrzp";
const directory = inCheckout("deploy/local/federation.jsonl");

/** Logs in at a site as one of its processes or as an account at home there. */
async function enter(
  stack: Stack,
  siteId: string,
  as: { process: ProcessName } | { account: string },
): Promise<NatsConnection> {
  const { nats, users } = stack.site(siteId);
  const login: Credentials | undefined =
    "process" in as ? users.services[as.process] : users.accounts[as.account];
  return connect({
    servers: nats.url,
    user: login?.user ?? "",
    pass: login?.password ?? "",
    inboxPrefix:
      "process" in as ? processInboxPrefix(as.process, siteId) : userInboxPrefix(siteId, as.account),
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
  });
}

/** Answers a family of requests with the name of the site. */
async function answering(connection: NatsConnection, siteId: string, filter: string): Promise<void> {
  connection.subscribe(filter, {
    queue: "room-service",
    callback: (error, message) => {
      expect(error).toBeNull();
      message.respond(siteId);
    },
  });
  await connection.flush();
}

async function nextOn(connection: NatsConnection, filter: string): Promise<() => Promise<string>> {
  const subscription = connection.subscribe(filter, { max: 1 });
  await connection.flush();
  return async () => {
    for await (const message of subscription) {
      return message.subject;
    }
    return "";
  };
}

describe("with the rights of the stack's own users", () => {
  let stack: Stack;
  const running = new AsyncDisposableStack();
  beforeAll(async () => {
    stack = running.use(await startStack({ sites: 2, directory, processes: {} }));
  });
  afterAll(() => running.disposeAsync());

  async function entered(siteId: string, as: { process: ProcessName } | { account: string }) {
    const connection = await enter(stack, siteId, as);
    running.defer(() => connection.close());
    return connection;
  }

  test.each([
    ["judy", "beta", "alpha"],
    ["ann", "alpha", "beta"],
  ])("%s of %s asks the service of %s", async (account, homeSite, siteId) => {
    const service = await entered(siteId, { process: "room-service" });
    await answering(service, siteId, addMembers.subject.filter({ siteId }));
    const client = await entered(homeSite, { account });
    const subject = addMembers.subject.of({ homeSite, account, roomId, siteId });

    await untilAnswered(client, subject);

    expect((await client.request(subject, "{}")).string()).toBe(siteId);
  });

  test.each([
    ["beta", "alpha"],
    ["alpha", "beta"],
  ])("the processes of %s ask those of %s for keys, and whether they are there", async (fromSite, siteId) => {
    const service = await entered(siteId, { process: "room-service" });
    for (const { subject } of [getRoomKey, pingSite]) {
      await answering(service, siteId, subject.filter({ siteId }));
      for (const process of ["room-service", "inbox-worker"] as const) {
        const asking = await entered(fromSite, { process });
        const question = subject.of({ siteId, fromSite });
        await untilAnswered(asking, question);
        expect((await asking.request(question, "{}")).string()).toBe(siteId);
      }
    }
  });

  test.each([
    ["judy", "beta", "alpha"],
    ["ann", "alpha", "beta"],
  ])("%s of %s hears what concerns it and the rooms of %s", async (account, homeSite, fromSite) => {
    const client = await entered(homeSite, { account });
    const service = await entered(homeSite, { process: "room-service" });
    const worker = await entered(fromSite, { process: "room-worker" });
    const user = `chat.user.${homeSite}.${account}`;
    const notice = await nextOn(client, `${user}.event.>`);
    const message = await nextOn(client, roomSubjects.event.filter());
    await answering(service, homeSite, pingSite.subject.filter({ siteId: homeSite }));
    // What both wait for is known at the other site once a later question is.
    const asking = await entered(fromSite, { process: "inbox-worker" });
    await untilAnswered(asking, pingSite.subject.of({ siteId: homeSite, fromSite }));

    worker.publish(userSubjects.roomKey.of({ homeSite, account, fromSite }));
    worker.publish(roomSubjects.event.of({ siteId: fromSite, roomId }));

    expect(await notice()).toBe(`${user}.event.${fromSite}.room.key`);
    expect(await message()).toBe(`chat.room.${fromSite}.${roomId}.event`);
  });
});

/** Waits until a site's processes can ask those of another. */
async function untilReached(stack: Stack, from: string, to: string): Promise<void> {
  const asking = await enter(stack, from, { process: "inbox-worker" });
  const asked = await enter(stack, to, { process: "room-service" });
  await answering(asked, to, pingSite.subject.filter({ siteId: to }));
  await untilAnswered(asking, pingSite.subject.of({ siteId: to, fromSite: from }));
  await Promise.all([asking.close(), asked.close()]);
}

test("either of two sites starts while the other is down, and they find each other again", async () => {
  await using stack = await startStack({ sites: 2, processes: {} });
  const [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  await untilReached(stack, "alpha", "beta");

  for (const [gone, other] of [
    [alpha, beta],
    [beta, alpha],
  ] as const) {
    await gone.nats.kill("SIGKILL");
    await other.nats.restart();
    await gone.nats.restart();
    await untilReached(stack, "alpha", "beta");
    await untilReached(stack, "beta", "alpha");
  }
  expect(stack.hub).toBeUndefined();
});

test("both sites of a direct link can cut it", async () => {
  await using stack = await startStack({ sites: 2, processes: {} });
  await untilReached(stack, "beta", "alpha");
  const client = await enter(stack, "beta", { process: "inbox-worker" });
  const question = pingSite.subject.of({ siteId: "alpha", fromSite: "beta" });

  for (const siteId of ["alpha", "beta"]) {
    await stack.link(siteId).cut();
    expect(await isAnswered(client, question)).toBe(false);
    await stack.link(siteId).restore();
    await untilReached(stack, "beta", "alpha");
  }
  await client.close();
  expect(() => stack.link("gamma")).toThrow(/gamma has no link/);
});

test("both sites of a direct link can silence either way of it, and restore it", async () => {
  await using stack = await startStack({ sites: 2, processes: {} });
  const hearing: string[] = [];
  const ask: Record<string, () => Promise<boolean>> = {};
  for (const [siteId, fromSite] of [
    ["alpha", "beta"],
    ["beta", "alpha"],
  ] as const) {
    const question = pingSite.subject.of({ siteId, fromSite });
    const asked = await enter(stack, siteId, { process: "room-service" });
    asked.subscribe(question, {
      callback: (_error, message) => {
        hearing.push(siteId);
        message.respond("here");
      },
    });
    await asked.flush();
    const asking = await enter(stack, fromSite, { process: "inbox-worker" });
    ask[fromSite] = () => isAnswered(asking, question);
    await untilAnswered(asking, question);
  }

  for (const [siteId, direction, hears] of [
    ["beta", "toPeers", "beta"],
    ["alpha", "fromPeers", "beta"],
    ["beta", "fromPeers", "alpha"],
    ["alpha", "toPeers", "alpha"],
  ] as const) {
    stack.link(siteId).silence(direction);
    hearing.length = 0;
    // Without a way back there is no answer, and without a way there no question.
    expect([await ask["alpha"]?.(), await ask["beta"]?.()]).toEqual([false, false]);
    expect(hearing).toEqual([hears]);
    await stack.link(siteId).restore();
    await expect.poll(() => ask["alpha"]?.(), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => ask["beta"]?.(), { timeout: 10_000 }).toBe(true);
  }
});

// R84
test("three sites meet at a hub: one that is cut off stays alone, and all find each other when the hub returns", async () => {
  await using stack = await startStack({ sites: 3, processes: {} });
  await untilReached(stack, "alpha", "gamma");
  await untilReached(stack, "beta", "alpha");
  const client = await enter(stack, "beta", { process: "inbox-worker" });

  await stack.link("beta").cut();
  await untilReached(stack, "gamma", "alpha");
  const question = pingSite.subject.of({ siteId: "alpha", fromSite: "beta" });
  expect(await isAnswered(client, question)).toBe(false);
  await stack.link("beta").restore();
  await untilReached(stack, "beta", "alpha");

  await stack.hub?.kill("SIGKILL");
  await stack.hub?.restart();
  await untilReached(stack, "gamma", "beta");
  expect(client.isClosed()).toBe(false);
  await client.close();
});
