import { Failure } from "@parley/contract/failure";

/** A room is served once its first event is applied, some milliseconds after its members are told. */
const RETRY_AFTER_MS = 25;

/**
 * For a member of a room that is not served yet: memberships are written, and told, before the room is. No refusal, for
 * the same request succeeds shortly after.
 */
export const notServedYet = (): Failure =>
  new Failure("store_unavailable", {
    metadata: { retryAfterMs: RETRY_AFTER_MS },
    detail: "the room's first event is being applied",
  });
