import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { expect, test } from "vitest";

import { isServing } from "./probe.ts";
import { startStack } from "./stack.ts";

test("every site has servers of its own, and none serves once the stack is stopped", async () => {
  await using stack = await startStack({ sites: 2, processes: {} });
  const { user, password } = stack.site("beta").users.services["room-service"];
  const connection = await connect({
    servers: stack.site("beta").nats.url,
    user,
    pass: password,
    inboxPrefix: "_INBOX.svc.beta.room-service",
  });
  const { domain } = await (await jetstreamManager(connection)).getAccountInfo();
  await connection.close();
  const servers = stack.sites.flatMap((site) => site.servers);
  const probes = servers.map(({ probe }) => probe);

  expect(stack.sites.map(({ siteId }) => siteId)).toEqual(["alpha", "beta"]);
  expect(domain).toBe("beta");
  expect(new Set(probes).size).toBe(6);
  expect(await Promise.all(probes.map(isServing))).toEqual(probes.map(() => true));

  await stack.stop();

  expect(await Promise.all(probes.map(isServing))).toEqual(probes.map(() => false));
});

test("a login of one site is none at another", async () => {
  await using stack = await startStack({ sites: 2, processes: {} });
  const { user, password } = stack.site("beta").users.services["room-service"];

  const login = connect({ servers: stack.site("alpha").nats.url, user, pass: password, reconnect: false });

  await expect(login).rejects.toThrow(/Authorization Violation/);
});

test("a number of sites that cannot be named is refused", async () => {
  await expect(startStack({ sites: 0, processes: {} })).rejects.toThrow(/1 to 10 sites, not 0/);
});
