import { searchDirectory } from "@parley/contract/directory";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";

/** Enabled people, agents and orgs with a word that begins with the prefix, by name, then id. */
export const searchDirectoryEndpoint = ({
  directory,
}: {
  directory: Pick<DirectoryStore, "search">;
}): Endpoint =>
  userEndpoint(searchDirectory, async ({ body }) => {
    const { rows, ...page } = await directory.search(body);
    return { entries: [...rows], ...page };
  });
