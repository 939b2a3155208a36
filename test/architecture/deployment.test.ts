import { PROCESSES } from "@parley/contract/processes";
import { accountPermissions, processPermissions, type Permissions } from "@parley/local-stack/permissions";
import { describe, expect, test } from "vitest";

import { deployedFiles } from "../deploy/deployed-files.ts";
import { LAYOUTS } from "../deploy/layouts.ts";
import { SERVICE_ANCHORS } from "../deploy/service-anchors.ts";
import { filesMatching, readText } from "./source-files.ts";

const broker = readText("deploy/nats/site.conf");
const compose = readText("deploy/compose/one-site.yaml");
const example = readText("deploy/compose/one-site.env.example");

const configFields =
  readText("libs/lifecycle/src/config-fields.ts") + readText("libs/lifecycle/src/key-encryption-keys.ts");

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
    const known = new Set(found(configFields, /"([A-Z][A-Z0-9_]+)"/g));
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

describe("linked sites", () => {
  test("are deployed as generated from the code; node test/deploy/generate.ts brings the files up to date", () => {
    for (const { path, text } of deployedFiles()) {
      expect({ path, text: readText(path) }).toEqual({ path, text });
    }
  });

  test("run their services as one site does", () => {
    const ofOneSite = new Set(compose.split("\n").map((line) => line.trim()));
    const shared = SERVICE_ANCHORS.split("\n")
      .map((line) => line.trim())
      .filter((line) => !line.startsWith("x-"));

    expect(shared.length).toBeGreaterThan(20);
    expect(shared.filter((line) => !ofOneSite.has(line))).toEqual([]);
  });

  describe.each(LAYOUTS)("of $name", ({ name, sites, directory }) => {
    const linked = readText(`deploy/compose/${name}.yaml`);
    const secrets = readText(`deploy/compose/${name}.env.example`);

    test("demand exactly the secrets that their example lists, and have none", () => {
      expect(unique(found(linked, /\$\{([A-Z_]+):\?/g))).toEqual(unique(found(secrets, /^([A-Z_]+)=/gm)));
      expect(found(secrets, /^[A-Z_]+=(.+)$/gm)).toEqual([]);
      expect(found(linked, /\$\{([A-Z_]*(?:PASSWORD|KEK)[A-Z_]*):-/g)).toEqual([]);
    });

    test("set only variables that exist", () => {
      const known = new Set(found(configFields, /"([A-Z][A-Z0-9_]+)"/g));
      const services = linked.split(/\n\n/).filter((block) => block.includes("SERVICE: "));
      const set = services.flatMap((block) => found(block, /^ +([A-Z][A-Z0-9_]+):/gm));

      expect(services).toHaveLength(sites.length * PROCESSES.length);
      expect(set.filter((variable) => !known.has(variable))).toEqual([]);
    });

    test.each(filesMatching(`deploy/nats/${name}/*.conf`))(
      "hand every password to the broker of %s",
      (path) => {
        const linkedBroker = readText(path);
        const brokers = linked.split(/\n\n/).filter((block) => block.includes(path.replace("deploy", "..")));

        expect(brokers.map((block) => unique(found(block, /^ +([A-Z_]+): /gm)))).toEqual([
          unique(found(linkedBroker, / \$([A-Z_]+)/g)),
        ]);
      },
    );

    test("give a login only to accounts that are at home there", () => {
      const entries: { account: string; homeSite: string }[] = readText(directory)
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const homes = new Map(entries.map(({ account, homeSite }) => [account, homeSite]));

      for (const { siteId, accounts } of sites) {
        expect(accounts.map((account) => homes.get(account))).toEqual(accounts.map(() => siteId));
      }
    });
  });
});

// A tag that moves makes yesterday's green test say nothing of today's deployment.
// R101
test("images are pinned to a patch version", () => {
  const dockerfiles = filesMatching("deploy/**/Dockerfile").map(readText).join("\n");
  const composeFiles = filesMatching("deploy/compose/*.yaml").map(readText).join("\n");
  const images = [...found(composeFiles, /^ +image: (\S+)/gm), ...found(dockerfiles, /^FROM (\S+)/gm)];
  const pinned = /:(?:\d+\.\d+\.\d+|\$\{[A-Z]+_VERSION\})(?:-\S+)?$/;

  expect(images.length).toBeGreaterThan(3);
  expect(images.filter((image) => !pinned.test(image))).toEqual([]);
});
