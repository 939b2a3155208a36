import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { connect, type NatsConnection } from "@nats-io/transport-node";
import { createRoom } from "@parley/contract/room-requests";
import { getRoomKey, pingSite } from "@parley/contract/server-requests";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { isAnswered, untilAnswered } from "../test/linked-brokers.ts";
import { startBrokerProcess } from "./broker-process.ts";
import { inCheckout } from "./checkout.ts";
import { natsServer, requireServer } from "./choose-server.ts";
import { createLeafUser, natsLeafUser, type SiteLinks } from "./leafnodes.ts";
import { startNatsServer } from "./nats-server.ts";
import { processInboxPrefix } from "./permissions.ts";

const PASSWORD = "password";
const ARRIVAL = { timeout: 10_000, interval: 50 };

const running = new AsyncDisposableStack();
const root = mkdtempSync(join(tmpdir(), "deployed-brokers-"));
running.defer(() => rmSync(root, { recursive: true, force: true }));
afterAll(() => running.disposeAsync());

function deployed(file: string): string {
  return readFileSync(inCheckout("deploy/nats", file), "utf8");
}

/** What the environment says in a deployment: the broker looks for a variable in its configuration first. */
function variables(text: string, linkPort: number): string {
  const passwords = new Set([...text.matchAll(/password: \$([A-Z_]+)/g)].map(([, name = ""]) => name));
  const user = /domain: "([^"]+)"/.exec(text)?.[1] ?? "";
  return [
    ...[...passwords].map((name) => `${name}: "${PASSWORD}"`),
    // As an unused variable is refused.
    ...(text.includes("$LINK_URL")
      ? [`LINK_URL: nats-leaf://leaf-${user}:${PASSWORD}@127.0.0.1:${linkPort}`]
      : []),
    "",
  ].join("\n");
}

/** Other ports and another folder: of what is said twice the broker takes the later. */
function elsewhere(of: { text: string; dir: string; ports: readonly number[] }): string {
  const { text, dir, ports } = of;
  const [client, monitoring, websocket, link] = ports;
  const domain = /domain: "([^"]+)"/.exec(text)?.[1];
  const site = `websocket { host: "127.0.0.1", port: ${websocket}, no_tls: true }
jetstream { store_dir: ${JSON.stringify(join(dir, "jetstream"))}, domain: "${domain}" }
`;
  const listening = `leafnodes { host: "127.0.0.1", port: ${link}, no_advertise: true }\n`;
  return `host: "127.0.0.1"
port: ${client}
http: "127.0.0.1:${monitoring}"
${domain === undefined ? "" : site}${text.includes("remotes:") ? "" : listening}`;
}

interface DeployedBroker {
  readonly url: string;
  readonly linkPort: number;
}

/** Runs a deployed configuration as it is, on ports of this test. */
async function startDeployed(file: string, acceptingPort = 0): Promise<DeployedBroker> {
  const dir = mkdtempSync(join(root, "deployed-"));
  const text = deployed(file);
  const { process, ports } = await startBrokerProcess({
    dir,
    portCount: 4,
    configText: (given) =>
      `${variables(text, acceptingPort)}${text}${elsewhere({ text, dir, ports: given })}`,
  });
  running.defer(() => process.stop());
  return { url: `nats://127.0.0.1:${ports[0]}`, linkPort: ports[3] ?? 0 };
}

async function roomService(broker: { url: string }, siteId: string): Promise<NatsConnection> {
  const connection = await connect({
    servers: broker.url,
    user: "process.room-service",
    pass: PASSWORD,
    inboxPrefix: processInboxPrefix("room-service", siteId),
  });
  running.defer(() => connection.close());
  connection.subscribe(pingSite.subject.filter({ siteId }), {
    callback: (_error, message) => void message.respond(siteId),
  });
  await connection.flush();
  return connection;
}

/** A site whose operator may do everything, held by nothing but the link. */
async function startLawless({ siteId, links }: { siteId: string; links: SiteLinks }) {
  const users = [{ user: "operator", password: PASSWORD }, ...links.accepts.map(natsLeafUser)];
  const accounts = { APP: { jetstream: "enabled", users }, SYS: { users: [] } };
  const server = await startNatsServer({
    dir: mkdtempSync(join(root, "lawless-")),
    domain: siteId,
    accounts: `accounts: ${JSON.stringify(accounts)}\nsystem_account: SYS\n`,
    links,
  });
  running.defer(() => server.stop());
  const operator = await connect({
    servers: server.url,
    user: "operator",
    pass: PASSWORD,
    inboxPrefix: processInboxPrefix("room-service", siteId),
  });
  running.defer(() => operator.close());
  return { operator, linkPort: server.linkPort };
}

describe("the configuration that is deployed", () => {
  test.each([
    "site.conf",
    "two-sites/alpha.conf",
    "two-sites/beta.conf",
    "hub/alpha.conf",
    "hub/beta.conf",
    "hub/gamma.conf",
    "hub/hub.conf",
  ])("%s is accepted by the broker", async (file) => {
    const program = await requireServer(natsServer);
    const config = join(root, `${file.replaceAll("/", "-")}.checked`);
    writeFileSync(config, `${variables(deployed(file), 7422)}${deployed(file)}`);

    const { command, args } = program.commandLine({ dir: root, args: ["-t", "--config", config] });
    const { stderr } = await promisify(execFile)(command, args);

    expect(stderr).toContain("is valid");
  });
});

describe.each([
  { layout: "two-sites", accepting: undefined, siteIds: ["alpha", "beta"] },
  { layout: "hub", accepting: "hub/hub.conf", siteIds: ["alpha", "beta", "gamma"] },
])("brokers deployed as $layout", ({ layout, accepting, siteIds }) => {
  const services = new Map<string, NatsConnection>();
  beforeAll(async () => {
    let acceptingPort = accepting === undefined ? 0 : (await startDeployed(accepting)).linkPort;
    for (const siteId of siteIds) {
      const broker = await startDeployed(`${layout}/${siteId}.conf`, acceptingPort);
      acceptingPort ||= broker.linkPort;
      services.set(siteId, await roomService(broker, siteId));
    }
  });

  const pairs = siteIds.flatMap((from) => siteIds.filter((to) => to !== from).map((to) => [from, to]));

  test.each(pairs)(
    "carry a request from %s to %s and the answer back",
    async (fromSite = "", siteId = "") => {
      const asking = services.get(fromSite) ?? expect.unreachable(`no room-service of ${fromSite}`);

      await untilAnswered(asking, pingSite.subject.of({ siteId, fromSite }));
      const answer = await asking.request(pingSite.subject.of({ siteId, fromSite }));

      expect(answer.string()).toBe(siteId);
    },
  );
});

/** A site beta whose operator holds its own people to nothing, at the deployed broker that accepts its link. */
describe.each([
  { layout: "two-sites", accepting: "two-sites/alpha.conf", peers: ["alpha"] },
  { layout: "hub", accepting: "hub/hub.conf", peers: ["alpha", "gamma"] },
])("a hostile peer of $layout", ({ layout, accepting, peers }) => {
  let alpha: NatsConnection;
  let hostile: NatsConnection;
  const heard: string[] = [];
  beforeAll(async () => {
    const acceptor = await startDeployed(accepting);
    const site = layout === "hub" ? await startDeployed("hub/alpha.conf", acceptor.linkPort) : acceptor;
    alpha = await roomService(site, "alpha");
    alpha.subscribe(createRoom.subject.filter({ siteId: "alpha" }), {
      callback: (_error, message) => {
        heard.push(message.subject);
        message.respond("heard");
      },
    });
    alpha.subscribe(getRoomKey.subject.filter({ siteId: "alpha" }), {
      callback: (_error, message) => void message.respond("a key"),
    });
    const login = { user: createLeafUser("beta", peers).user, password: PASSWORD };
    const remote = { port: acceptor.linkPort, login, deniedImports: [] };
    hostile = (await startLawless({ siteId: "beta", links: { accepts: [], remote } })).operator;
    await untilAnswered(hostile, pingSite.subject.of({ siteId: "alpha", fromSite: "beta" }));
  });

  test("asks for itself, and in no other site's name", async () => {
    expect(await isAnswered(hostile, getRoomKey.subject.of({ siteId: "alpha", fromSite: "beta" }))).toBe(
      true,
    );
    expect(await isAnswered(hostile, getRoomKey.subject.of({ siteId: "alpha", fromSite: "alpha" }))).toBe(
      false,
    );
    expect(await isAnswered(hostile, getRoomKey.subject.of({ siteId: "alpha", fromSite: "gamma" }))).toBe(
      false,
    );
  });

  test("speaks for its own accounts, and for none of another site", async () => {
    const own = "chat.user.beta.judy.request.room.alpha.create";
    await untilAnswered(hostile, own);

    hostile.publish("chat.user.alpha.ann.request.room.alpha.create");
    hostile.publish("chat.user.gamma.gus.request.room.alpha.create");
    // It goes the same way after them: what has not come by then never will.
    await hostile.request(own);

    expect([...new Set(heard)]).toEqual([own]);
  });

  test("reads no reply of another site's processes or accounts", async () => {
    const read: string[] = [];
    hostile.subscribe(">", { callback: (_error, message) => void read.push(message.subject) });
    await hostile.flush();
    // A request that is answered goes the same way before and after: what has not come by then never will.
    await hostile.request(pingSite.subject.of({ siteId: "alpha", fromSite: "beta" }));
    alpha.publish("_INBOX.user.alpha.ann.one");
    alpha.publish("_INBOX.user.beta.judy.one");
    await vi.waitFor(() => expect(read).toContain("_INBOX.user.beta.judy.one"), ARRIVAL);

    expect(read).not.toContain("_INBOX.user.alpha.ann.one");
  });

  test("commands nothing of another site's streams", async () => {
    for (const command of [
      "INFO",
      "STREAM.NAMES",
      `STREAM.PURGE.ROOMS_alpha`,
      "STREAM.DELETE.OUTBOX_alpha",
    ]) {
      expect(await isAnswered(hostile, `$JS.alpha.API.${command}`)).toBe(false);
    }
  });
});

/** An accepting side that holds nobody to anything. */
describe("whatever the accepting side lets pass, beta of two-sites", () => {
  let accepting: NatsConnection;
  beforeAll(async () => {
    const everything = { publish: [">"], subscribe: [">"] };
    const leafUser = { user: "leaf-beta", password: PASSWORD, permissions: everything };
    const alpha = await startLawless({ siteId: "alpha", links: { accepts: [leafUser] } });
    accepting = alpha.operator;
    await roomService(await startDeployed("two-sites/beta.conf", alpha.linkPort), "beta");
    await untilAnswered(accepting, pingSite.subject.of({ siteId: "beta", fromSite: "alpha" }));
  });

  test.each(["INFO", "STREAM.NAMES", "STREAM.DELETE.OUTBOX_beta"])("obeys no %s", async (command) => {
    expect(await isAnswered(accepting, `$JS.beta.API.${command}`)).toBe(false);
    // The consumers of lanes are made by peers, so this much is answered.
    expect(
      await isAnswered(accepting, "$JS.beta.API.CONSUMER.CREATE.OUTBOX_beta.lane.outbox.beta.alpha.>"),
    ).toBe(true);
  });
});
