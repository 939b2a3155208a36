import type { MemberEntry } from "@parley/contract/shapes";

import { addToRoster, EMPTY_ROSTER_HASH, removeFromRoster } from "./roster-hash.ts";
import type { RoomState } from "./state.ts";

/** The members and their hash, while one event changes them. */
export interface Roster {
  /** False when the account is a member already; then nothing changes. */
  add(entry: MemberEntry): boolean;
  /** False when the account is no member. */
  change(account: string, fields: Partial<MemberEntry>): boolean;
  /** False when the account is no member. */
  remove(account: string): boolean;
  /** Both fields of the state after the changes. */
  result(): Pick<RoomState, "members" | "rosterHash">;
}

/** Works on a copy: the state it starts from is left as it is. Without one the roster is empty. */
export function editRoster(before?: Pick<RoomState, "members" | "rosterHash">): Roster {
  const members = new Map(before?.members);
  let rosterHash = before?.rosterHash ?? EMPTY_ROSTER_HASH;

  const put = (entry: MemberEntry): void => {
    members.set(entry.account, entry);
    rosterHash = addToRoster(rosterHash, entry);
  };
  return {
    add(entry) {
      if (members.has(entry.account)) return false;
      put(entry);
      return true;
    },
    change(account, fields) {
      const entry = members.get(account);
      if (!entry) return false;
      rosterHash = removeFromRoster(rosterHash, entry);
      put({ ...entry, ...fields });
      return true;
    },
    remove(account) {
      const entry = members.get(account);
      if (!entry) return false;
      rosterHash = removeFromRoster(rosterHash, entry);
      return members.delete(account);
    },
    result: () => ({ members, rosterHash }),
  };
}
