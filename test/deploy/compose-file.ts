import { PROCESSES, type ProcessName } from "@parley/contract/processes";

import {
  acceptingBroker,
  connectingSites,
  HUB,
  LINK_PORT,
  passwordVariable,
  peersOf,
  type Layout,
  type LayoutSite,
} from "./layouts.ts";
import { SERVICE_ANCHORS } from "./service-anchors.ts";

/** Which processes know the peers (docs/operations.md, Configuration). */
const KNOW_PEERS: ReadonlySet<ProcessName> = new Set(["room-service", "room-worker", "inbox-worker"]);

/** The compose file of a layout. */
export function composeFile(layout: Layout): string {
  const { name, sites } = layout;
  return `${heading(layout)}
name: parley-${name}

${SERVICE_ANCHORS}
services:
${acceptingBroker(layout) === HUB ? `${hubService(layout)}\n` : ""}${sites.map((site) => siteServices(layout, site)).join("\n")}
networks:
  # Brokers alone are on it: nothing else of a site is within reach of another.
  links:
${sites.map(({ siteId }) => `  ${siteId}:\n`).join("")}
volumes:
${sites.map(({ siteId }) => ["nats", "valkey", "mongo"].map((server) => `  ${siteId}-${server}:\n`).join("")).join("")}`;
}

/** The secrets a layout demands, for its operator to fill in. */
export function environmentExample(layout: Layout): string {
  return `# Copy to ${layout.name}.env and give each a value of its own: letters and digits only, because they become part of addresses,
# and a letter first, because the broker reads "123456" as a number.   echo "p$(openssl rand -hex 24)"
# Those in _KEK seal room and content keys at rest: a key id, a colon, 32 bytes in base64.   echo "k1:$(openssl rand -base64 32)"
# Generated: node test/deploy/generate.ts

# The logins of the links.
${connectingSites(layout)
  .map((siteId) => `${passwordVariable(`leaf-${siteId}`)}=\n`)
  .join("")}${layout.sites
    .map(
      (site) => `
# Site ${site.siteId}: its processes, its stores, and a client for each account in deploy/nats/${layout.name}/${site.siteId}.conf.
${siteSecrets(site)
  .map((secret) => `${ofSite(site, secret)}=\n`)
  .join("")}`,
    )
    .join("")}`;
}

function siteSecrets({ accounts }: LayoutSite): string[] {
  const passwords = [...PROCESSES, "valkey", "mongo", ...accounts].map(passwordVariable);
  return [...passwords, "ROOM_KEY_KEK"];
}

function ofSite({ siteId }: LayoutSite, secret: string): string {
  return `${siteId.toUpperCase()}_${secret}`;
}

function heading({ name, title, sites, directory }: Layout): string {
  const reached = sites.map(
    ({ siteId, clientPort, websocketPort }) =>
      `#   ${siteId}: nats://localhost:${clientPort} and ws://localhost:${websocketPort}, accounts in deploy/nats/${name}/${siteId}.conf`,
  );
  return `# ${title}
# Each site is whole: NATS, Valkey, MongoDB and the five processes. Generated: node test/deploy/generate.ts
#
#   cp deploy/compose/${name}.env.example deploy/compose/${name}.env      # and fill it in
#   export COMPOSE_FILE=deploy/compose/${name}.yaml COMPOSE_ENV_FILES=deploy/compose/${name}.env
#   BOOTSTRAP_STREAMS=true docker compose up --build --detach --wait        # the first time: it creates the streams
#   for site in ${sites.map(({ siteId }) => siteId).join(" ")}; do
#     docker compose run --rm --volume "$PWD/${directory}:/directory.jsonl:ro" \\
#       "$site-room-service" node services/room-service/src/import-directory.ts /directory.jsonl
#   done
#
# Later starts leave BOOTSTRAP_STREAMS out. Clients reach the sites at
${reached.join("\n")}`;
}

/** Where compose takes a secret from; it starts nothing while one is missing. */
function demanded(layout: Layout, variable: string): string {
  return `\${${variable}:?see ${layout.name}.env.example}`;
}

function hubService(layout: Layout): string {
  return `  ${HUB}:
    <<: *nats
    command: ["--config", "/etc/nats/site.conf"]
    environment:
${linkPasswords(layout)}    volumes:
      - ../nats/${layout.name}/${HUB}.conf:/etc/nats/site.conf:ro
    networks: [links]
`;
}

function linkPasswords(layout: Layout): string {
  return connectingSites(layout)
    .map((siteId) => passwordVariable(`leaf-${siteId}`))
    .map((variable) => `      ${variable}: ${demanded(layout, variable)}\n`)
    .join("");
}

function siteServices(layout: Layout, site: LayoutSite): string {
  return [
    natsService(layout, site),
    valkeyService(layout, site),
    mongoService(layout, site),
    ...PROCESSES.map((process) => processService(layout, site, process)),
  ].join("\n");
}

function natsService(layout: Layout, site: LayoutSite): string {
  const { siteId, accounts, clientPort, websocketPort } = site;
  const passwords = [...PROCESSES, ...accounts]
    .map(passwordVariable)
    .map((variable) => `      ${variable}: ${demanded(layout, ofSite(site, variable))}\n`);
  return `  ${siteId}-nats:
    <<: *nats
    command: ["--config", "/etc/nats/site.conf"]
    environment:
${passwords.join("")}${linkVariables(layout, siteId)}    ports: ["127.0.0.1:${clientPort}:4222", "127.0.0.1:${websocketPort}:8080"]
    volumes:
      - ../nats/${layout.name}/${siteId}.conf:/etc/nats/site.conf:ro
      - ${siteId}-nats:/data
    networks: [${siteId}, links]
`;
}

function linkVariables(layout: Layout, siteId: string): string {
  const accepting = acceptingBroker(layout);
  if (accepting === siteId) {
    return linkPasswords(layout);
  }
  const host = accepting === HUB ? HUB : `${accepting}-nats`;
  const password = demanded(layout, passwordVariable(`leaf-${siteId}`));
  return `      LINK_URL: nats-leaf://leaf-${siteId}:${password}@${host}:${LINK_PORT}\n`;
}

function valkeyService(layout: Layout, site: LayoutSite): string {
  const password = demanded(layout, ofSite(site, "VALKEY_PASSWORD"));
  return `  ${site.siteId}-valkey:
    <<: *valkey
    command:
      [
        "valkey-server",
        "/etc/valkey/valkey.conf",
        "--requirepass",
        "${password}",
      ]
    environment:
      # What valkey-cli logs in with, for the health check.
      REDISCLI_AUTH: ${password}
    volumes:
      - ../valkey/valkey.conf:/etc/valkey/valkey.conf:ro
      - ${site.siteId}-valkey:/data
    networks: [${site.siteId}]
`;
}

function mongoService(layout: Layout, site: LayoutSite): string {
  return `  ${site.siteId}-mongo:
    <<: *mongo
    environment:
      MONGO_INITDB_ROOT_USERNAME: parley
      MONGO_INITDB_ROOT_PASSWORD: ${demanded(layout, ofSite(site, "MONGO_PASSWORD"))}
    volumes:
      - ${site.siteId}-mongo:/data/db
    networks: [${site.siteId}]
`;
}

function processService(layout: Layout, site: LayoutSite, process: ProcessName): string {
  const { siteId } = site;
  const secret = (name: string) => demanded(layout, ofSite(site, name));
  const environment = [
    `SITE_ID: ${siteId}`,
    ...(KNOW_PEERS.has(process) ? [`PEERS: ${peersOf(layout, siteId).join(",")}`] : []),
    `NATS_URL: nats://process.${process}:${secret(passwordVariable(process))}@${siteId}-nats:4222`,
    `MONGO_URL: mongodb://parley:${secret("MONGO_PASSWORD")}@${siteId}-mongo:27017/?authSource=admin`,
    `VALKEY_ADDR: ${siteId}-valkey:6379`,
    `VALKEY_PASSWORD: ${secret("VALKEY_PASSWORD")}`,
    `ROOM_KEY_KEK: ${secret("ROOM_KEY_KEK")}`,
  ];
  return `  ${siteId}-${process}:
    <<: *process
    build: { context: ../.., dockerfile: deploy/image/Dockerfile, args: { SERVICE: ${process} } }
    environment:
      <<: *environment
${environment.map((line) => `      ${line}\n`).join("")}    depends_on:
      ${siteId}-nats: { condition: service_healthy }
      ${siteId}-valkey: { condition: service_healthy }
      ${siteId}-mongo: { condition: service_healthy }
    networks: [${siteId}]
`;
}
