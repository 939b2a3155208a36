import type { CanonicalEvent } from "@parley/contract/events";

/** Who acted, as everybody is told: the actor itself, also an agent; for the system, whom it acted for. */
export const actedBy = ({ actor }: Pick<CanonicalEvent, "actor">): string =>
  actor.kind === "system" ? (actor.onBehalfOf ?? actor.account) : actor.account;
