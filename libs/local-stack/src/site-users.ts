import { randomBytes } from "node:crypto";

import { PROCESSES, type ProcessName } from "@parley/contract/processes";

import { natsLeafUser, type LeafUser } from "./leafnodes.ts";
import {
  accountPermissions,
  operatorPermissions,
  processPermissions,
  type Permissions,
} from "./permissions.ts";

/** How somebody logs in at a site's broker. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Everybody who may log in at a site's broker. */
export interface SiteUsers {
  readonly services: Readonly<Record<ProcessName, Credentials>>;
  /** The accounts at home here. */
  readonly accounts: Readonly<Record<string, Credentials>>;
  /** Whoever looks into the streams and sends parked messages back. */
  readonly operator: Credentials;
}

const PASSWORD_BYTES = 24;

/** Users with fresh passwords for the processes of a site and the accounts that are at home there. */
export function createSiteUsers(accounts: readonly string[]): SiteUsers {
  return {
    services: {
      "room-service": processCredentials("room-service"),
      "room-worker": processCredentials("room-worker"),
      "inbox-worker": processCredentials("inbox-worker"),
      "message-service": processCredentials("message-service"),
      "broadcast-worker": processCredentials("broadcast-worker"),
    },
    accounts: Object.fromEntries(accounts.map((account) => [account, credentials(account)])),
    operator: credentials("operator.dead"),
  };
}

/** Everybody who may connect to a site's broker. */
interface SiteLogins {
  readonly siteId: string;
  readonly peers?: readonly string[];
  readonly users: SiteUsers;
  /** The sites whose links end here. */
  readonly leafUsers?: readonly LeafUser[];
}

/** The broker's configuration of those users, with the rights of `permissions.ts` and no others. */
export function natsAccounts({ siteId, peers = [], users, leafUsers = [] }: SiteLogins): string {
  const processes = PROCESSES.map((process) =>
    natsUser(users.services[process], processPermissions(process, siteId, peers)),
  );
  const accounts = Object.entries(users.accounts).map(([account, login]) =>
    natsUser(login, accountPermissions({ homeSite: siteId, account })),
  );
  const operator = natsUser(users.operator, operatorPermissions(siteId));
  const configured = {
    APP: {
      jetstream: "enabled",
      users: [...processes, ...accounts, operator, ...leafUsers.map(natsLeafUser)],
    },
    SYS: { users: [] },
  };
  // The broker's format takes JSON as it is.
  return `accounts: ${JSON.stringify(configured, null, 2)}\nsystem_account: SYS\n`;
}

/** A dot cannot occur in an account, so no account can be named like a process. */
function processCredentials(process: ProcessName): Credentials {
  return credentials(`process.${process}`);
}

function credentials(user: string): Credentials {
  return { user, password: randomBytes(PASSWORD_BYTES).toString("base64url") };
}

function natsUser({ user, password }: Credentials, { publish, subscribe }: Permissions) {
  return { user, password, permissions: { publish: { allow: publish }, subscribe: { allow: subscribe } } };
}
