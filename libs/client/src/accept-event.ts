import type { SubscriptionUpdate } from "@parley/contract/notices";

/** Who sent an event, of which site it speaks, and who listens. */
interface Sender {
  /** The `{fromSite}` token, which the permissions of the link vouch for. */
  readonly fromSite: string;
  /** The room's home site, as the event names it. */
  readonly siteId: string;
  readonly ownSiteId: string;
}

/** A client takes an event only from the site it speaks of or from its own home site (SPEC-rooms 5.1). */
export const mayTell = ({ fromSite, siteId, ownSiteId }: Sender): boolean =>
  fromSite === siteId || fromSite === ownSiteId;

/** What this account's own updates have said about a room so far. */
export interface Membership {
  readonly siteId: string;
  /** Of the newest listing, `added`, `removed` or `role_changed`: revisions of room notices do not count. */
  readonly revision: number;
  readonly isMember: boolean;
}

export type UpdateVerdict = "join" | "leave" | "change" | "ignore";

const MEMBERSHIP_ACTIONS = { added: "join", removed: "leave", role_changed: "change" } as const;

/**
 * What a `subscription.update` means for what is held. `added`, `removed` and `role_changed` count only when newer
 * than the revision held, because the workers of both sites send them (SPEC-rooms 5.1); a known room changes by its
 * own site's word alone.
 */
export function judgeUpdate(held: Membership | undefined, update: SubscriptionUpdate): UpdateVerdict {
  if (held !== undefined && held.siteId !== update.siteId) return "ignore";
  const { action, revision } = update;
  if (action === "read" || action === "muted" || action === "favourite") {
    return held?.isMember === true ? "change" : "ignore";
  }
  if (revision === undefined || (held !== undefined && revision <= held.revision)) return "ignore";
  const verdict = MEMBERSHIP_ACTIONS[action];
  if (verdict === "join") return update.room && update.subscription ? "join" : "ignore";
  return held?.isMember === true ? verdict : "ignore";
}
