// When a row was last written, for listings since a moment. It is the database's clock that tells: the time of the event
// behind a write says nothing, for the event may have waited in a log or on a lane while a listing was made.

/** The part of an update that leaves its time behind. */
export const CHANGED = { $currentDate: { changedAt: true } } as const;
/** The same for an update that is a pipeline. */
export const CHANGED_STAGE = { $set: { changedAt: "$$NOW" } } as const;

/** The condition on a row's `changedAt` that it changed at `since` (epoch ms) or later, or nobody knows when. */
export const notBefore = (since: number) => ({ $not: { $lt: new Date(since) } });
