import { randomBytes } from "node:crypto";

import { linkPermissions, type LinkPermissions } from "@parley/contract/link-permissions";

/**
 * Sites meet over leafnode links: one side listens and holds whoever connects to the contract's lists, the other
 * connects and keeps looking for it, a second apart, for as long as it runs.
 */

const PASSWORD_BYTES = 24;

/** As whom a site connects to the accepting side, and what it may say and hear there. */
export interface LeafUser {
  readonly user: string;
  readonly password: string;
  readonly permissions: LinkPermissions;
}

/** The accepting side and the login a connecting site has there. */
export interface RemoteLink {
  readonly port: number;
  readonly login: Pick<LeafUser, "user" | "password">;
  readonly deniedImports: readonly string[];
}

/** What a site's broker does about links; nothing at all without peers. */
export interface SiteLinks {
  /** Everybody who may connect here; it listens when there is anybody. */
  readonly accepts: readonly LeafUser[];
  readonly remote?: RemoteLink | undefined;
}

export const NO_LINKS: SiteLinks = { accepts: [] };

/** A login with a fresh password for a site, with exactly the rights of a peer. */
export function createLeafUser(siteId: string, peers: readonly string[]): LeafUser {
  return {
    user: `leaf-${siteId}`,
    password: randomBytes(PASSWORD_BYTES).toString("base64url"),
    permissions: linkPermissions(siteId, peers),
  };
}

/** A leaf user as the broker's configuration names it among the users of an account; no client can use its login. */
export function natsLeafUser({ user, password, permissions: { publish, subscribe } }: LeafUser) {
  return {
    user,
    password,
    permissions: { publish: { allow: publish }, subscribe: { allow: subscribe } },
    allowed_connection_types: ["LEAFNODE"],
  };
}

/** The accounts of a hub: one that the sites share, without JetStream. */
export function hubAccounts(users: readonly LeafUser[]): string {
  const configured = { APP: { users: users.map(natsLeafUser) }, SYS: { users: [] } };
  return `accounts: ${JSON.stringify(configured, null, 2)}\nsystem_account: SYS\n`;
}

/** The part of a broker's configuration that listens for links. */
export function listeningConfig(port: number): string {
  // Not advertised: a site comes back the way it came, which may be one that is cut (`relay.ts`).
  return `leafnodes {
  host: "127.0.0.1"
  port: ${port}
  no_advertise: true
}
`;
}

/** The part of a broker's configuration that connects to the accepting side. */
export function remoteConfig({ port, login, deniedImports: denied }: RemoteLink): string {
  return `leafnodes {
  reconnect: 1s
  remotes: [
    {
      url: "nats-leaf://${login.user}:${login.password}@127.0.0.1:${port}"
      account: APP
      deny_imports: ${JSON.stringify(denied)}
    }
  ]
}
`;
}
