import { DIRECTORY_GET_MAX, displayNameOf, getDirectory } from "@parley/contract/directory";
import { Failure } from "@parley/contract/failure";
import { userEndpoint, type Endpoint } from "@parley/messaging/endpoint";
import type { DirectoryStore } from "@parley/mongo/directory-store";

/** Directory entries by account, in byte order; unknown ones are listed as `missing`. */
export const getDirectoryEndpoint = ({
  directory,
}: {
  directory: Pick<DirectoryStore, "findMany">;
}): Endpoint =>
  userEndpoint(getDirectory, async ({ body }) => {
    const accounts = [...new Set(body.accounts)];
    if (accounts.length > DIRECTORY_GET_MAX)
      throw new Failure("batch_too_large", {
        metadata: { max: DIRECTORY_GET_MAX, attempted: accounts.length },
      });
    const found = await directory.findMany(accounts);
    const known = new Set(found.map(({ account }) => account));
    return {
      entries: found.map((entry) => ({
        kind: entry.kind,
        name: displayNameOf(entry),
        account: entry.account,
        userId: entry.userId,
        homeSite: entry.homeSite,
      })),
      missing: accounts.filter((account) => !known.has(account)),
    };
  });
