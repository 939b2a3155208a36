import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { inCheckout } from "./checkout.ts";
import { readDirectoryFile } from "./directory-file.ts";
import { HUB } from "./hub-server.ts";
import { ledgerFor } from "./ledger.ts";
import { startLinks, type Link, type LinkKind, type Links } from "./links.ts";
import type { ManagedProcess } from "./managed-process.ts";
import type { ProcessPlans } from "./site-processes.ts";
import { startSite, type Site } from "./site.ts";

const SITE_NAMES = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"];

export interface StackOptions {
  /** How many sites, named alpha, beta, gamma … */
  readonly sites: number;
  /** A directory file; each site gets broker users for the accounts at home there and imports all of it. */
  readonly directory?: string | undefined;
  /** Holds data and logs (default: a new folder that goes when the stack is stopped). */
  readonly dir?: string | undefined;
  /** Which processes run at every site (default: one of each). */
  readonly processes?: ProcessPlans | undefined;
  /** Default: cuttable. */
  readonly links?: LinkKind | undefined;
  /** Everything that is started is written down in this file. */
  readonly ledgerFile?: string | undefined;
  /** Gives up the start, and ends what was started. */
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done, a line at a time. */
  readonly onProgress?: (line: string) => void;
}

/** Sites running on this machine. */
export interface Stack extends AsyncDisposable {
  readonly sites: readonly Site[];
  /** Throws when there is no such site. */
  site(siteId: string): Site;
  /** Where three and more sites meet. */
  readonly hub: ManagedProcess | undefined;
  /** Throws when the site has no link, or one that cannot be cut. */
  link(siteId: string): Link;
  /** Ends the processes and servers of every site, then the hub. */
  stop(): Promise<void>;
}

/**
 * Starts any number of sites that name each other as peers and are linked: two of them directly, more at a hub. Links
 * come up by themselves, at the latest about a second after both ends run.
 *
 * @throws when the directory file is wrong or anything does not come up; what was started is ended then
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const names = siteNames(options.sites);
  const entries = options.directory === undefined ? [] : readDirectoryFile(options.directory);
  await using started = new AsyncDisposableStack();
  const dir = options.dir ?? temporaryFolder(started);
  const links = await linksFor(options, { siteIds: names, dir });
  started.defer(() => links.stop());
  const sites: Site[] = [];
  for (const siteId of names) {
    const tell = (line: string) => options.onProgress?.(`${siteId}: ${line}`);
    const startedAt = performance.now();
    const site = await startSite({
      ...options,
      siteId,
      peers: names.filter((name) => name !== siteId),
      accounts: entries.filter(({ homeSite }) => homeSite === siteId).map(({ account }) => account),
      dir: join(dir, siteId),
      links: await links.of(siteId),
      onProgress: tell,
    });
    started.defer(() => site.stop());
    links.started({ siteId, linkPort: site.nats.linkPort });
    sites.push(site);
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    tell(`ready in ${seconds} s, ${site.servers.length} servers, ${site.processes.length} processes`);
  }
  const running = started.move();
  const stop = () => running.disposeAsync();
  return {
    sites,
    hub: links.hub,
    link: (siteId) => links.link(siteId),
    site(siteId) {
      const found = sites.find((candidate) => candidate.siteId === siteId);
      if (found === undefined) {
        throw new Error(`the stack has no site ${siteId}`);
      }
      return found;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function linksFor(
  { links: kind = "cuttable", ledgerFile, signal, onProgress }: StackOptions,
  of: { siteIds: readonly string[]; dir: string },
): Promise<Links> {
  const hubDir = join(of.dir, HUB);
  return startLinks({
    siteIds: of.siteIds,
    kind,
    hubDir,
    log: join(hubDir, "logs", "nats-server.log"),
    ledger: ledgerFile === undefined ? undefined : ledgerFor(ledgerFile, { site: HUB, kind: "server" }),
    signal,
    onProgress: (line) => onProgress?.(`${HUB}: ${line}`),
  });
}

function siteNames(count: number): readonly string[] {
  if (!Number.isInteger(count) || count < 1 || count > SITE_NAMES.length) {
    throw new Error(`a stack has 1 to ${SITE_NAMES.length} sites, not ${count}`);
  }
  return SITE_NAMES.slice(0, count);
}

function temporaryFolder(owner: AsyncDisposableStack): string {
  const root = inCheckout(".local/test-stacks");
  mkdirSync(root, { recursive: true });
  const dir = mkdtempSync(join(root, "stack-"));
  owner.defer(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
