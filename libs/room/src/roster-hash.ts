import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

import { byteOrder } from "@parley/contract/ids";
import type { MemberEntry } from "@parley/contract/shapes";

import type { RoomState } from "./state.ts";

const MODULUS = 2n ** 256n;
const HEX_DIGITS = 64;

/** The roster hash of a room without members. */
export const EMPTY_ROSTER_HASH = "0".repeat(HEX_DIGITS);

const hexOf = (sum: bigint): string => sum.toString(16).padStart(HEX_DIGITS, "0");
const sumOf = (hash: string): bigint => BigInt(`0x${hash}`);
const flag = (value: boolean): string => (value ? "1" : "0");

/** The text that stands for a member; no token holds a line feed or tab, so it is unambiguous (SPEC-rooms 4). */
const memberText = (entry: MemberEntry): string => {
  const {
    account,
    siteId,
    kind,
    role,
    individual,
    viaOrgs,
    joinedAt,
    historySharedSince = "",
    keyFrom,
  } = entry;
  const orgIds = viaOrgs.toSorted(byteOrder).join("\t");
  return `${account}\n${siteId}\n${kind}\n${role}\n${flag(individual)}\n${orgIds}\n${joinedAt}\n${historySharedSince}\n${keyFrom}`;
};

const digestOf = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));
const memberSum = (entry: MemberEntry): bigint => sumOf(digestOf(memberText(entry)));

/** The hash once `entry` is in the roster. A sum does not depend on order, so each event costs only its own entries. */
export const addToRoster = (hash: string, entry: MemberEntry): string =>
  hexOf((sumOf(hash) + memberSum(entry)) % MODULUS);

/** The hash once `entry`, exactly as it was added, is out of the roster. */
export const removeFromRoster = (hash: string, entry: MemberEntry): string =>
  hexOf((sumOf(hash) - memberSum(entry) + MODULUS) % MODULUS);

/** The hash of a whole roster: sum modulo 2^256 of SHA-256 over each member's text, 64 hex digits (SPEC-rooms 4). */
export function rosterHashOf(members: Iterable<MemberEntry>): string {
  let sum = 0n;
  for (const entry of members) sum += memberSum(entry);
  return hexOf(sum % MODULUS);
}

type Digested = Pick<RoomState, "members" | "name" | "settings" | "orgs" | "keyVersion">;

/**
 * The digests of states that are in use. A state never changes, and its digest is asked for by each step that needs it.
 * The texts of entries are not kept: of a roster of 1000 that saves 1 ms of 3, and takes more memory than the entries.
 */
const digests = new WeakMap<Digested, string>();

/**
 * SHA-256 (hex) over the whole state that members rely on. Unlike the roster hash, a sum that an adversary can steer,
 * it also stands against intent (DESIGN 5.1). A room whose key changes on joining says so, any other nothing, so that
 * digests made before there was a choice stand.
 */
export function rosterDigestOf(state: Digested): string {
  const known = digests.get(state);
  if (known !== undefined) return known;
  const { members, name, settings, orgs, keyVersion } = state;
  const texts = [...members.values()].map(memberText).toSorted(byteOrder);
  const policy = settings.rekeyOnJoin ? [flag(true)] : [];
  const flags = [flag(settings.restricted), flag(settings.externalAccess), ...policy].join("\t");
  const orgIds = [...orgs.keys()].toSorted(byteOrder).join("\t");
  const digest = digestOf([...texts, name, flags, orgIds, keyVersion].join("\n"));
  digests.set(state, digest);
  return digest;
}
