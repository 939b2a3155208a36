/** A site of a layout, and the accounts at home there that get a login at its broker. */
export interface LayoutSite {
  readonly siteId: string;
  readonly accounts: readonly string[];
  /** Where its clients reach it on the machine that runs the layout. */
  readonly clientPort: number;
  readonly websocketPort: number;
}

/** Linked sites that are deployed together, each whole. */
export interface Layout {
  /** Of its files. */
  readonly name: string;
  readonly title: string;
  /** Directly, the first accepts the link of the second; at a hub, every site connects to it. */
  readonly meets: "directly" | "at a hub";
  readonly sites: readonly LayoutSite[];
  /** The directory that its example imports. */
  readonly directory: string;
}

const alpha = { siteId: "alpha", accounts: ["ann", "bob"], clientPort: 4222, websocketPort: 8080 };
const beta = { siteId: "beta", accounts: ["judy", "kim"], clientPort: 4322, websocketPort: 8180 };
const gamma = { siteId: "gamma", accounts: ["gus"], clientPort: 4422, websocketPort: 8280 };

/** In the hub's files, next to those of the sites; no site may be named so. */
export const HUB = "hub";

/** The port on which links are accepted. */
export const LINK_PORT = 7422;

export const LAYOUTS: readonly Layout[] = [
  {
    name: "two-sites",
    title: "Two sites, `alpha` and `beta`, on one machine; alpha accepts the link of beta.",
    meets: "directly",
    sites: [alpha, beta],
    directory: "deploy/local/federation.jsonl",
  },
  {
    name: "hub",
    title:
      "Three sites, `alpha`, `beta` and `gamma`, on one machine; each connects to a hub without JetStream.",
    meets: "at a hub",
    sites: [alpha, beta, gamma],
    directory: "deploy/compose/hub-directory.jsonl",
  },
];

/** The other sites of a layout. */
export function peersOf({ sites }: Layout, siteId: string): string[] {
  return sites.map((site) => site.siteId).filter((other) => other !== siteId);
}

/** The sites that connect, to the first one or to the hub. */
export function connectingSites({ meets, sites }: Layout): string[] {
  return sites.map(({ siteId }) => siteId).slice(meets === "directly" ? 1 : 0);
}

/** Who accepts their links. */
export function acceptingBroker({ meets, sites: [first] }: Layout): string {
  return meets === "at a hub" || first === undefined ? HUB : first.siteId;
}

/** `room-service` → `ROOM_SERVICE_PASSWORD`. */
export function passwordVariable(name: string): string {
  return `${name.replaceAll("-", "_").toUpperCase()}_PASSWORD`;
}
