import type { DirectoryEntry } from "@parley/contract/directory";
import { Failure, type FailureReason } from "@parley/contract/failure";
import type { DirectoryCache } from "@parley/mongo/directory-cache";

/** Judges a command by whether the directory makes its caller an administrator. */
export type JudgeAdmin = <T>(caller: DirectoryEntry, judge: (isAdmin: boolean) => Promise<T>) => Promise<T>;

/** Refusals that being no administrator may be the reason of. */
const RESTS_ON_ADMIN: ReadonlySet<FailureReason> = new Set([
  "not_room_member",
  "not_room_owner",
  "admin_required",
]);

/** The caller's entry from the cache at first; a refusal that may rest on it is confirmed by a fresh read (SPEC-rooms 1.8). */
export const createJudgeAdmin =
  ({ accounts }: { readonly accounts: Pick<DirectoryCache, "findFresh"> }): JudgeAdmin =>
  async (caller, judge) => {
    try {
      return await judge(caller.admin);
    } catch (error) {
      if (caller.admin || !(error instanceof Failure) || !RESTS_ON_ADMIN.has(error.reason)) throw error;
      const fresh = await accounts.findFresh(caller.account);
      if (fresh?.admin !== true) throw error;
      return judge(true);
    }
  };
