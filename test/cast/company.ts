import type { Client, RoomReference } from "@parley/client/client";
import { connectParley } from "@parley/client/connect-node";
import { listRooms } from "@parley/contract/room-requests";
import type { Site } from "@parley/local-stack/site";
import { startStack } from "@parley/local-stack/stack";

import { directoryFile } from "./directory.ts";
import { happens } from "./happens.ts";
import { ONCE, refused } from "./provocation.ts";

/** One more than a room, or a request, may name. */
export const ORG_COUNT = 101;

/** Orgs `org0`, `org1` …, each of one person. */
const teams = Array.from({ length: ORG_COUNT }, (_, index) => ({
  account: `team${index}`,
  sectId: `org${index}`,
}));

/** Two sites whose people have met in rooms, with everybody in the directory whom a request may be wrong about. */
export interface Company extends AsyncDisposable {
  readonly alpha: Site;
  readonly beta: Site;
  /** Owner of `room`; an administrator of the directory. */
  readonly ann: Client;
  /** Named member of `room`. */
  readonly bob: Client;
  /** In no room but the direct message. */
  readonly cat: Client;
  /** At home at beta, named member of `room`. */
  readonly zoe: Client;
  /** Of ann, bob, zoe and the org `eng`, which is eve. */
  readonly room: RoomReference;
  /** Of ann and cat. */
  readonly direct: RoomReference;
}

/** Connects an account with the login it has at the site. */
export function connectAt(site: Site, account: string): Promise<Client> {
  const authentication = site.users.accounts[account];
  if (!authentication) throw new Error(`${account} has no login at ${site.siteId}`);
  const servers = new URL(site.nats.url).host;
  return connectParley({ servers, siteId: site.siteId, account, authentication });
}

/** Waits until requests of the client's account are answered at another site. Throws when they never are. */
export async function untilLinked(client: Client, siteId: string): Promise<void> {
  const isAnswered = async (): Promise<boolean> => {
    const foreign = client.request(listRooms, { tokens: { siteId }, body: {}, ...ONCE });
    return (await refused(foreign)).error.reason === "wrong_site";
  };
  if (!(await happens(isAnswered))) throw new Error(`${siteId} is not linked`);
}

export async function openCompany(name: string): Promise<Company> {
  await using opening = new AsyncDisposableStack();
  const stack = await startStack({
    sites: 2,
    directory: directoryFile(name, [
      { account: "ann", admin: true },
      { account: "bob" },
      { account: "cat" },
      { account: "eve", sectId: "eng" },
      { account: "gone", enabled: false },
      { account: "robo", kind: "agent", enabled: false },
      { account: "zoe", homeSite: "beta" },
      { account: "yan", homeSite: "beta" },
      { account: "stranger", homeSite: "nowhere" },
      ...teams,
    ]),
  });
  opening.defer(() => stack.stop());
  const [alpha, beta] = [stack.site("alpha"), stack.site("beta")];
  const [ann, bob, cat, zoe] = await Promise.all([
    connectAt(alpha, "ann"),
    connectAt(alpha, "bob"),
    connectAt(alpha, "cat"),
    connectAt(beta, "zoe"),
  ]);
  for (const client of [ann, bob, cat, zoe]) opening.use(client);
  await untilLinked(ann, "beta");
  const [room, direct] = await Promise.all([
    ann.createRoom({ name: "Company", users: ["bob", "zoe"], orgs: ["eng"] }),
    ann.openDirect("cat"),
  ]);
  await Promise.all([room.done, direct.done]);
  const opened = opening.move();
  const close = () => opened.disposeAsync();
  return { alpha, beta, ann, bob, cat, zoe, room, direct, [Symbol.asyncDispose]: close };
}
