import assert from "node:assert/strict";

import { startHubServer, type HubServer } from "./hub-server.ts";
import { createLeafUser, type LeafUser, type SiteLinks } from "./leafnodes.ts";
import type { RunOptions } from "./managed-process.ts";
import { deniedImports } from "./permissions.ts";
import { startRelay, type Relay } from "./relay.ts";

/** Whether a link leads through this process, where it can be cut, or straight to the accepting side. */
export type LinkKind = "cuttable" | "direct";

/** The link of one site. */
export interface Link {
  /** Cuts the site off its peers; its clients notice nothing else. */
  cut(): Promise<void>;
  /**
   * Loses what goes this way while the other way works and every connection stays: what half-open links do. Only the
   * sites' own questions find it out.
   */
  silence(direction: LinkDirection): void;
  /** Lets the site's broker connect again, which it does within about a second. */
  restore(): Promise<void>;
}

/** What the site says, or what is said to it. */
type LinkDirection = "toPeers" | "fromPeers";

/** How the sites of a stack are linked. */
export interface Links {
  /** Where three and more sites meet. */
  readonly hub: HubServer | undefined;
  /** What a site's broker is to do, asked before it starts; whoever accepts links has started by then. */
  of(siteId: string): Promise<SiteLinks>;
  /** Notes where a site accepts links; it is told of every site that has started. */
  started(site: { readonly siteId: string; readonly linkPort: number }): void;
  /** @throws when the site has no link, or one that cannot be cut */
  link(siteId: string): Link;
  stop(): Promise<void>;
}

interface LinksOptions extends RunOptions {
  /** In the order in which they start. */
  readonly siteIds: readonly string[];
  readonly kind: LinkKind;
  /** Holds the hub's configuration. */
  readonly hubDir: string;
}

/**
 * Two sites meet directly, the first accepting the link of the second; three and more connect to a hub, which is
 * started here.
 *
 * @throws when the hub does not come up
 */
export async function startLinks(options: LinksOptions): Promise<Links> {
  const { siteIds } = options;
  const users = leafUsers(siteIds);
  const accepts = [...users.values()];
  const hub =
    siteIds.length > 2 ? await startHubServer({ ...options, dir: options.hubDir, accepts }) : undefined;
  const relays = new Map<string, Relay>();
  let acceptingPort = hub?.linkPort;
  return {
    hub,
    async of(siteId) {
      const login = users.get(siteId);
      if (login === undefined) {
        return { accepts };
      }
      assert(acceptingPort !== undefined, "the accepting side starts before those who connect to it");
      const remote = { port: acceptingPort, login, deniedImports: deniedImports(siteId) };
      if (options.kind === "direct") {
        return { accepts: [], remote };
      }
      const relay = await startRelay(acceptingPort);
      relays.set(siteId, relay);
      return { accepts: [], remote: { ...remote, port: relay.port } };
    },
    started({ siteId, linkPort }) {
      if (!users.has(siteId)) {
        acceptingPort = linkPort;
      }
    },
    link(siteId) {
      // Between two sites there is one link, which is either's.
      const caller = hub === undefined && siteIds.includes(siteId) ? (siteIds[1] ?? "") : siteId;
      const relay = relays.get(caller);
      if (relay === undefined) {
        throw new Error(`site ${siteId} has no link that can be cut`);
      }
      return {
        cut: () => relay.cut(),
        silence: (direction) =>
          relay.silence((direction === "toPeers") === (siteId === caller) ? "caller" : "target"),
        restore: () => relay.restore(),
      };
    },
    async stop() {
      await Promise.all([...relays.values()].map((relay) => relay.cut()));
      await hub?.stop();
    },
  };
}

/** A login for every site that connects to another one or to the hub. */
function leafUsers(siteIds: readonly string[]): ReadonlyMap<string, LeafUser> {
  const connecting = siteIds.length > 2 ? siteIds : siteIds.slice(1);
  return new Map(
    connecting.map((siteId) => [
      siteId,
      createLeafUser(
        siteId,
        siteIds.filter((other) => other !== siteId),
      ),
    ]),
  );
}
