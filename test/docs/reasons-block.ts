import { REASONS, type FailureReason } from "@parley/contract/failure";

import { productFiles } from "../architecture/source-files.ts";
import { code, table } from "./markdown.ts";

/** What a refusal's `metadata` holds; reasons that are not named here carry none. */
const METADATA: Readonly<Partial<Record<FailureReason, string>>> = {
  invalid_request: "`issues[{path, message}]`",
  response_too_large: "`limitBytes`",
  wrong_site: "`siteId`",
  invalid_org: "`orgs`",
  unknown_site: "`accounts`, or `siteId` of a channel",
  batch_too_large: "`max`, `attempted`",
  target_not_member: "`account`",
  promote_requires_individual: "`account`",
  not_room_member: "`roomId` of a channel in `channels`, else none",
  member_through_org: "`orgs`",
  external_access_disabled: "`accounts`",
  key_version_not_allowed: "`keyFrom`",
  user_not_found: "`accounts`",
  agent_not_available: "`accounts`",
  room_key_absent: "`currentVersion?`",
  room_too_small: "`min`",
  max_room_size_reached: "`maxRoomSize`, `attempted`, `currentUserCount?`",
  too_many_orgs: "`max`",
  home_site_unreachable: "`siteId`, `retryAfterMs`",
};

const RETRIED = new Set(["unavailable", "too_many_requests"]);

/** Reasons that some product code names; the others belong to requests that do not exist yet. */
function givenReasons(): ReadonlySet<string> {
  const sources = productFiles
    .filter(({ path }) => path !== "libs/contract/src/failure.ts" && !path.startsWith("libs/client/"))
    .map(({ text }) => text);
  const isNamed = (reason: string): boolean => sources.some((text) => text.includes(`"${reason}"`));
  return new Set(Object.keys(REASONS).filter(isNamed));
}

function metadataOf(reason: FailureReason): string {
  const known = METADATA[reason];
  if (known !== undefined) return known;
  return RETRIED.has(REASONS[reason].code) ? "`retryAfterMs`" : "–";
}

/** Block `reasons` of client-api.md. */
export function reasonsBlock(): string {
  const given = givenReasons();
  const rows = (Object.keys(REASONS) as FailureReason[]).map((reason) => [
    code(reason),
    code(REASONS[reason].code),
    REASONS[reason].message,
    metadataOf(reason),
    given.has(reason) ? "yes" : "not yet",
  ]);
  return table(["reason", "code", "`error`", "`metadata`", "given by this release"], rows);
}
