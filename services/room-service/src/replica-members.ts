import { byteOrder } from "@parley/contract/ids";
import type { MemberEntry } from "@parley/contract/shapes";
import { momentCursor } from "@parley/mongo/moment-cursor";
import type { RoomState } from "@parley/room/state";

const inOrder = (a: { at: number; id: string }, b: { at: number; id: string }): number =>
  a.at - b.at || byteOrder(a.id, b.id);
const placeOf = ({ joinedAt, account }: MemberEntry) => ({ at: joinedAt, id: account });

/**
 * A page of a replica's members in the order and with the cursors of a home's list, so that a listing begun here goes on
 * there. Throws `invalid_request` when `after` is no cursor.
 */
export function replicaMembers(
  { members }: Pick<RoomState, "members">,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): { rows: readonly MemberEntry[]; next?: string } {
  const place = after === undefined ? undefined : momentCursor.parse(after, "after");
  const rest = [...members.values()]
    .filter((member) => place === undefined || inOrder(placeOf(member), place) > 0)
    .toSorted((a, b) => inOrder(placeOf(a), placeOf(b)));
  const rows = rest.slice(0, limit);
  const last = rows.at(-1);
  return rest.length > limit && last ? { rows, next: momentCursor.of(placeOf(last)) } : { rows };
}
