import { PROCESSES, type ProcessName } from "@parley/contract/processes";
import { expect, test } from "vitest";

import { processEnvironment } from "./site-environment.ts";
import { createSiteUsers } from "./site-users.ts";

const users = createSiteUsers([]);

function environmentOf(service: ProcessName, peers: readonly string[] = []) {
  return processEnvironment(
    {
      siteId: "alpha",
      peers,
      users,
      nats: { url: "nats://127.0.0.1:4222" },
      valkey: { address: "127.0.0.1:6379" },
      mongo: { url: "mongodb://127.0.0.1:27017" },
      roomKeyKek: "local:key",
    },
    service,
  );
}

test.each(PROCESSES)("%s logs in as itself", (service) => {
  const url = new URL(environmentOf(service)["NATS_URL"] ?? "");

  expect({ user: url.username, password: url.password }).toEqual(users.services[service]);
  expect(url.host).toBe("127.0.0.1:4222");
});

test.each(PROCESSES)("%s is given the key store and its key", (service) => {
  expect(environmentOf(service)).toMatchObject({ VALKEY_ADDR: "127.0.0.1:6379", ROOM_KEY_KEK: "local:key" });
});

test("peers are named only when there are any", () => {
  expect(environmentOf("room-worker")).not.toHaveProperty("PEERS");
  expect(environmentOf("room-worker", ["beta", "gamma"])).toHaveProperty("PEERS", "beta,gamma");
});
