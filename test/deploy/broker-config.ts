import { linkPermissions } from "@parley/contract/link-permissions";
import { PROCESSES } from "@parley/contract/processes";
import {
  accountPermissions,
  deniedImports,
  processPermissions,
  type Permissions,
} from "@parley/local-stack/permissions";

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

const GENERATED =
  "# Generated, rights and all, from the code that the tests run on: node test/deploy/generate.ts";

interface BrokerUser extends Permissions {
  readonly user: string;
  readonly variable: string;
  /** Whether it is a site's, which may use it for its link alone. */
  readonly link?: boolean;
}

/** The configuration of a site's broker. */
export function siteConfig(layout: Layout, site: LayoutSite): string {
  const { siteId } = site;
  const accepts = acceptingBroker(layout) === siteId;
  return `# The broker of site \`${siteId}\` in deploy/compose/${layout.name}.yaml. Passwords come from the environment.
${GENERATED}
server_name: "${siteId}-1"
port: 4222
http_port: 8222
# The largest message of the contract needs it; a process refuses to start on less.
max_payload: 1048576

websocket {
  port: 8080
  # On the machine's own address only. In front of the world: a proxy that terminates TLS, or a tls block here.
  no_tls: true
}

jetstream {
  store_dir: "/data"
  domain: "${siteId}"
}

${accepts ? LISTENING : remote(siteId)}
accounts {
  APP {
    jetstream: enabled
    users: [
${[...siteUsers(layout, site), ...(accepts ? linkUsers(layout) : [])].map(userBlock).join("")}    ]
  }
${SYSTEM_ACCOUNT}`;
}

/** The configuration of the hub, which stores nothing and serves no clients. */
export function hubConfig(layout: Layout): string {
  return `# The hub in deploy/compose/${layout.name}.yaml, where the sites meet: no JetStream, no clients. Passwords come from
# the environment.
${GENERATED}
server_name: "${HUB}"
# Every broker has a port for clients; here nobody has a login for it.
host: "127.0.0.1"
port: 4222
http_port: 8222
# As at the sites, or their largest messages would not cross.
max_payload: 1048576

${LISTENING}
accounts {
  APP {
    users: [
${linkUsers(layout).map(userBlock).join("")}    ]
  }
${SYSTEM_ACCOUNT}`;
}

const LISTENING = `# For sites on other machines add a tls block: passwords and keys cross the link.
leafnodes {
  port: ${LINK_PORT}
  no_advertise: true
}
`;

const SYSTEM_ACCOUNT = `  SYS {
    users: []
  }
}
system_account: SYS
`;

function remote(siteId: string): string {
  return `leafnodes {
  reconnect: 1s
  remotes: [
    {
      # With the login there, which is why it comes from the environment.
      url: $LINK_URL
      account: APP
      # Whatever the accepting side lets pass.
      deny_imports: [
${quotedLines(deniedImports(siteId), 8)}
      ]
    }
  ]
}
`;
}

function siteUsers(layout: Layout, { siteId, accounts }: LayoutSite): BrokerUser[] {
  const peers = peersOf(layout, siteId);
  return [
    ...PROCESSES.map((process) => ({
      user: `process.${process}`,
      variable: passwordVariable(process),
      ...processPermissions(process, siteId, peers),
    })),
    ...accounts.map((account) => ({
      user: account,
      variable: passwordVariable(account),
      ...accountPermissions({ homeSite: siteId, account }),
    })),
  ];
}

function linkUsers(layout: Layout): BrokerUser[] {
  return connectingSites(layout).map((siteId) => ({
    user: `leaf-${siteId}`,
    variable: passwordVariable(`leaf-${siteId}`),
    link: true,
    ...linkPermissions(siteId, peersOf(layout, siteId)),
  }));
}

function userBlock({ user, variable, link = false, publish, subscribe }: BrokerUser): string {
  return `      {
        user: "${user}", password: $${variable}, ${link ? 'allowed_connection_types: ["LEAFNODE"], ' : ""}permissions: {
          publish: { allow: [
${quotedLines(publish, 12)}
          ] }
          subscribe: { allow: [
${quotedLines(subscribe, 12)}
          ] }
        }
      }
`;
}

function quotedLines(subjects: readonly string[], indent: number): string {
  return subjects.map((subject) => `${" ".repeat(indent)}"${subject}"`).join("\n");
}
