import { PROCESSES } from "@parley/contract/processes";
import { accountPermissions, processPermissions, type Permissions } from "@parley/local-stack/permissions";
import { describe, expect, test } from "vitest";

import { filesMatching, readText } from "./source-files.ts";

const broker = readText("deploy/nats/site.conf");
const compose = readText("deploy/compose/one-site.yaml");
const example = readText("deploy/compose/one-site.env.example");

const found = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, name = ""]) => name);
const unique = (names: readonly string[]): string[] => [...new Set(names)].toSorted();

/** The subjects of one list of a user of the broker's configuration. */
function subjectsOf(user: string, direction: keyof Permissions): string[] {
  const own = broker.slice(broker.indexOf(`user: "${user}"`));
  const list = own.slice(own.indexOf(`${direction}: { allow: [`));
  return found(list.slice(0, list.indexOf("]")), /"([^"]+)"/g);
}

// The tests run against the rights of the local stack; a deployed broker with others would prove nothing of them.
describe("the deployed broker's configuration", () => {
  test.each(PROCESSES)("gives %s the rights that the local stack gives it", (process) => {
    const { publish, subscribe } = processPermissions(process, "alpha");

    expect(subjectsOf(`process.${process}`, "publish").toSorted()).toEqual(publish.toSorted());
    expect(subjectsOf(`process.${process}`, "subscribe").toSorted()).toEqual(subscribe.toSorted());
  });

  const accounts = found(broker, /user: "([^".]+)"/g);

  test.each(accounts)("gives the client %s the rights that the local stack gives one", (account) => {
    const { publish, subscribe } = accountPermissions({ homeSite: "alpha", account });

    expect(subjectsOf(account, "publish").toSorted()).toEqual(publish.toSorted());
    expect(subjectsOf(account, "subscribe").toSorted()).toEqual(subscribe.toSorted());
  });

  test("has a user for each process and each client it names, and nobody else", () => {
    const users = found(broker, /user: "([^"]+)"/g);

    expect(accounts.length).toBeGreaterThan(0);
    expect(users.toSorted()).toEqual(
      [...PROCESSES.map((process) => `process.${process}`), ...accounts].toSorted(),
    );
  });

  test("takes every password from a variable that compose hands to it", () => {
    const passwords = found(broker, /password: \$([A-Z_]+)/g);

    expect(unique(passwords)).toEqual(unique(found(blockOf("nats"), /^ +([A-Z_]+): /gm)));
  });
});

/** A block of the compose file: a service, or one of the parts that services share. */
function blockOf(name: string): string {
  const heading = name.startsWith("x-") ? `\n${name}:` : `\n  ${name}:`;
  const start = compose.indexOf(heading);
  if (start === -1) throw new Error(`${name} is not in the compose file`);
  const rest = compose.slice(start + heading.length);
  const end = rest.search(name.startsWith("x-") ? /\n\S/ : /\n {0,2}\S/);
  return end === -1 ? rest : rest.slice(0, end);
}

describe("the compose file", () => {
  // A process leaves variables alone that it does not know: a misspelt one would silently be the default.
  test.each(["x-environment", "x-keys", ...PROCESSES])("sets only variables that exist: %s", (name) => {
    const fields =
      readText("libs/lifecycle/src/config-fields.ts") + readText("libs/lifecycle/src/key-encryption-keys.ts");
    const known = new Set(found(fields, /"([A-Z][A-Z0-9_]+)"/g));
    const set = found(blockOf(name), /^ +([A-Z][A-Z0-9_]+):/gm);

    expect(set.length).toBeGreaterThan(0);
    expect(set.filter((variable) => !known.has(variable))).toEqual([]);
  });

  test("runs every process, as the user of that process", () => {
    for (const process of PROCESSES) {
      expect(blockOf(process)).toContain(`SERVICE: ${process} `);
      expect(blockOf(process)).toContain(`nats://process.${process}:`);
    }
  });

  test("demands exactly the secrets that its example lists", () => {
    expect(unique(found(compose, /\$\{([A-Z_]+):\?/g))).toEqual(unique(found(example, /^([A-Z_]+)=/gm)));
  });

  test("has no secret and no default for one", () => {
    expect(found(example, /^[A-Z_]+=(.+)$/gm)).toEqual([]);
    expect(found(compose, /\$\{([A-Z_]*(?:PASSWORD|KEK)[A-Z_]*):-/g)).toEqual([]);
  });
});

// A tag that moves makes yesterday's green test say nothing of today's deployment.
test("images are pinned to a patch version", () => {
  const dockerfiles = filesMatching("deploy/**/Dockerfile").map(readText).join("\n");
  const images = [...found(compose, /^ +image: (\S+)/gm), ...found(dockerfiles, /^FROM (\S+)/gm)];
  const pinned = /:(?:\d+\.\d+\.\d+|\$\{[A-Z]+_VERSION\})(?:-\S+)?$/;

  expect(images.length).toBeGreaterThan(3);
  expect(images.filter((image) => !pinned.test(image))).toEqual([]);
});
