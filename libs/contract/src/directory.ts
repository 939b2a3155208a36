import { z } from "zod";

import { declareRequest } from "./request.ts";
import { accountKind, cursor, page } from "./shapes.ts";
import { accountName, orgId, siteId, userId } from "./tokens.ts";

/** Largest line of a directory file (bytes). */
export const DIRECTORY_LINE_BYTES_MAX = 8192;
const NAME_CODE_POINTS_MAX = 100;

const name = z.string().refine((text) => [...text].length <= NAME_CODE_POINTS_MAX, "at most 100 characters");

/** One line of a directory file: exactly these fields (SPEC-rooms 2). */
export const directoryLine = z.strictObject({
  account: accountName,
  kind: accountKind,
  homeSite: siteId,
  userId: userId.optional(),
  name: name.optional(),
  altName: name.optional(),
  enabled: z.boolean().default(true),
  admin: z.boolean().default(false),
  sectId: orgId.optional(),
  sectName: name.optional(),
  sectAltName: name.optional(),
  deptId: orgId.optional(),
  deptName: name.optional(),
  deptAltName: name.optional(),
  onBehalfOf: accountName.optional(),
});
export type DirectoryLine = z.infer<typeof directoryLine>;

/** A person or agent of the federation as a site's directory holds it; `words` serve the search. */
export interface DirectoryEntry extends DirectoryLine {
  readonly userId: string;
  readonly words: readonly string[];
}

const bothNames = (first: string | undefined, second: string | undefined): string | undefined => {
  if (!first) return second;
  return !second || first === second ? first : `${first} ${second}`;
};

/** Name and alternative name; equal → once; one missing → the other; none → the account (SPEC-rooms 2). */
export const displayNameOf = (entry: Pick<DirectoryLine, "account" | "name" | "altName">): string =>
  bothNames(entry.name, entry.altName) || entry.account;

/**
 * The name of an org, the same everywhere: over the matching accounts in byte order the first department name, else
 * the first section name, else the id. `entries` must be in byte order of their accounts.
 */
export function orgDisplayNameOf(org: string, entries: readonly DirectoryLine[]): string {
  const department = entries
    .filter((entry) => entry.deptId === org)
    .map((entry) => bothNames(entry.deptName, entry.deptAltName))
    .find(Boolean);
  const section = (): string | undefined =>
    entries
      .filter((entry) => entry.sectId === org)
      .map((entry) => bothNames(entry.sectName, entry.sectAltName))
      .find(Boolean);
  return department ?? section() ?? org;
}

const personRow = z.object({
  kind: accountKind,
  name: z.string(),
  account: accountName,
  userId,
  homeSite: siteId,
});
const orgEntryRow = z.object({ kind: z.literal("org"), name: z.string(), orgId, memberCount: z.int() });

/** A row of a directory search. */
export const directoryRow = z.union([personRow, orgEntryRow]);
export type DirectoryRow = z.infer<typeof directoryRow>;

export const searchDirectory = declareRequest({
  operation: "directory.search",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.directory.{siteId}.search",
  body: z.strictObject({
    prefix: z
      .string()
      .transform((text) => text.normalize("NFC").toLowerCase())
      .refine(
        (text) => text !== "" && [...text].length <= 64 && !/\s/u.test(text),
        "must be 1-64 characters of one word",
      ),
    kinds: z
      .array(z.enum(["person", "agent", "org"]))
      .min(1)
      .optional(),
    after: cursor.optional(),
    limit: page(50, 20),
  }),
  reply: z.object({ entries: z.array(directoryRow), next: z.string().optional() }),
});

/** How many accounts one `directory.get` may name. */
export const DIRECTORY_GET_MAX = 100;

export const getDirectory = declareRequest({
  operation: "directory.get",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.directory.{siteId}.get",
  body: z.strictObject({ accounts: z.array(accountName).min(1).max(1000) }),
  reply: z.object({ entries: z.array(personRow), missing: z.array(accountName) }),
});

/** The enabled people of an org, by account in byte order. */
export const listOrgMembers = declareRequest({
  operation: "orgs.members",
  asks: "own",
  template: "chat.user.{homeSite}.{account}.request.orgs.{orgId}.{siteId}.members",
  body: z.strictObject({ after: cursor.optional(), limit: page(500, 200) }),
  reply: z.object({
    orgId,
    name: z.string(),
    members: z.array(z.object({ account: accountName, userId, kind: accountKind, siteId, name: z.string() })),
    next: z.string().optional(),
  }),
});
