import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";

import type { RoomLimits } from "../command.ts";

interface Growth {
  /** Distinct accounts of the request, those of its orgs and existing members included. */
  readonly expanded: number;
  /** Accounts that would become members; a creator is one of them. */
  readonly joining: number;
  /** Orgs the room would have. */
  readonly orgs: number;
  /** Members the room has: people and agents; undefined when it is being created. */
  readonly currentUserCount?: number;
}

/**
 * Whether a room may grow so, for create and add alike (SPEC-rooms 1.4). A full room still takes what adds nobody.
 * @throws Failure `batch_too_large`, `too_many_orgs`, `max_room_size_reached`, in this order.
 */
export function assertCapacity(growth: Growth, { maxBatchSize, maxRoomSize }: RoomLimits): void {
  const { expanded, joining, orgs, currentUserCount } = growth;
  if (expanded > maxBatchSize)
    throw new Failure("batch_too_large", { metadata: { max: maxBatchSize, attempted: expanded } });
  if (orgs > LIMITS.orgsPerRoom)
    throw new Failure("too_many_orgs", { metadata: { max: LIMITS.orgsPerRoom } });

  const attempted = (currentUserCount ?? 0) + joining;
  if (joining === 0 || attempted <= maxRoomSize) return;
  throw new Failure("max_room_size_reached", {
    metadata: { maxRoomSize, attempted, ...(currentUserCount !== undefined && { currentUserCount }) },
  });
}
