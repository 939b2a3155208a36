import type { OpenedBody } from "@parley/content-keys/message-bodies";
import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";
import { saysSomething } from "@parley/contract/messages";
import type { MessageRow } from "@parley/mongo/message-store";

import type { Admitted } from "./admit.ts";

const isNoAuthor = ({ sender, system }: MessageRow, account: string): boolean =>
  sender.account !== account || system !== undefined;

/** @throws Failure `message_deleted` */
function assertStands({ deletedAt }: MessageRow): void {
  if (deletedAt !== undefined) throw new Failure("message_deleted");
}

const invalid = (path: string, message: string): Failure =>
  new Failure("invalid_request", { metadata: { issues: [{ path, message }] } });

/** @throws Failure `not_message_author`, `message_deleted` */
export function assertMayEdit(row: MessageRow, account: string): void {
  if (isNoAuthor(row, account)) throw new Failure("not_message_author");
  assertStands(row);
}

/**
 * Whether an edit says anything new.
 * @throws Failure `invalid_request` when nothing would be left to say
 */
export function judgeEdit(
  standing: OpenedBody & Pick<MessageRow, "mentions">,
  edit: { readonly content: string; readonly mentions?: readonly string[] | undefined },
): "new" | "unchanged" {
  const { content, mentions = [] } = edit;
  if (!saysSomething({ content, attachments: standing.attachments }))
    throw invalid("content", "must not be blank");
  const isSame =
    standing.contentState !== "lost" &&
    standing.content === content &&
    JSON.stringify(standing.mentions ?? []) === JSON.stringify(mentions);
  return isSame ? "unchanged" : "new";
}

/**
 * Whether a message is still there to delete. What the system says is nobody's.
 * @throws Failure `not_message_author`, `not_room_owner`
 */
export function judgeDelete(
  row: MessageRow,
  { account, subscription }: { readonly account: string } & Pick<Admitted, "subscription">,
): "new" | "unchanged" {
  if (row.system) throw new Failure("not_message_author");
  if (isNoAuthor(row, account) && subscription.role !== "owner") throw new Failure("not_room_owner");
  return row.deletedAt === undefined ? "new" : "unchanged";
}

/**
 * Whether a reaction is not as asked already.
 * @throws Failure `message_deleted`; `invalid_request` when the message has too many different ones
 */
export function judgeReaction(
  row: MessageRow,
  of: { readonly account: string; readonly emoji: string; readonly on: boolean },
): "new" | "unchanged" {
  assertStands(row);
  const { account, emoji, on } = of;
  const given = Object.values(row.marks ?? {}).filter((mark) => mark.on);
  const isOn = given.some((mark) => mark.emoji === emoji && mark.account === account);
  if (isOn === on) return "unchanged";
  const others = new Set(given.map((mark) => mark.emoji));
  if (on && !others.has(emoji) && others.size >= LIMITS.emojiPerMessage)
    throw invalid("emoji", `at most ${LIMITS.emojiPerMessage} different ones per message`);
  return "new";
}

/**
 * Whether a message is not pinned, or not pinned no more, already.
 * @throws Failure `message_deleted`
 */
export function judgePin(row: MessageRow, pinned: boolean): "new" | "unchanged" {
  assertStands(row);
  return (row.pinnedAt !== undefined) === pinned ? "unchanged" : "new";
}

/** @throws Failure `pin_limit_reached` */
export function assertMayPin(pinnedCount: number, max: number): void {
  if (pinnedCount >= max) throw new Failure("pin_limit_reached", { metadata: { max } });
}
