import { Failure } from "@parley/contract/failure";
import type { DirectoryRow } from "@parley/contract/directory";

/** A place in a directory search: by name, then id; an account before an org of the same name and id. */
export interface DirectoryPlace {
  readonly name: string;
  readonly id: string;
  readonly isOrg: boolean;
}

export const placeOf = (row: DirectoryRow): DirectoryPlace =>
  row.kind === "org"
    ? { name: row.name, id: row.orgId, isOrg: true }
    : { name: row.name, id: row.account, isOrg: false };

/** A name may hold anything, an id no line feed: the last one parts them. */
const FORM = /^([ao])(.*)\n([^\n]+)$/su;

/** The text form of such a place. */
export const directoryCursor = {
  of: (row: DirectoryRow): string => {
    const { name, id, isOrg } = placeOf(row);
    return `${isOrg ? "o" : "a"}${name}\n${id}`;
  },

  /** @throws Failure `invalid_request` when the text is not a cursor */
  parse(text: string): DirectoryPlace {
    const [, kind, name = "", id] = FORM.exec(text) ?? [];
    if (id !== undefined) return { name, id, isOrg: kind === "o" };
    throw new Failure("invalid_request", {
      metadata: { issues: [{ path: "after", message: "must be the `next` of an earlier page" }] },
    });
  },
} as const;
