import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";

import { createAccountRate } from "./account-rate.ts";

const COMMAND_RATE = {
  perSecond: LIMITS.commandsPerSecondPerAccount,
  burst: LIMITS.commandBurstPerAccount,
} as const;

/** What one account, or one peer, may have under way in a process. */
export interface OwnerShare {
  readonly most: number;
  /** What it is told beyond that. */
  readonly beyond: "rate_limited" | "overloaded";
  /** Under which name the refusal is counted. */
  readonly by: "account_in_flight" | "peer_in_flight";
}

export const ACCOUNT_SHARE: OwnerShare = {
  most: LIMITS.inFlightPerAccount,
  beyond: "rate_limited",
  by: "account_in_flight",
};
export const PEER_SHARE: OwnerShare = {
  most: LIMITS.inFlightPerPeer,
  beyond: "overloaded",
  by: "peer_in_flight",
};

/** What one process serves at once, and how fast one account may command it (SPEC-rooms 1.4). */
export interface RequestLimits {
  /**
   * Takes a place for a request of `owner`, an account or a site. Throws `overloaded` beyond the process's limit,
   * `beyond` beyond the `most` places of one owner. The returned function gives the place back.
   */
  enter(owner: string, share: OwnerShare): () => void;
  /** Counts a command against the account's rate. Throws `rate_limited`. */
  command(account: string): void;
  inFlight(): number;
}

/** `now` is a monotonic clock in milliseconds. */
export function createRequestLimits(options: { maxInFlight: number; now?: () => number }): RequestLimits {
  const perOwner = new Map<string, number>();
  const commands = createAccountRate(options.now);
  let inFlight = 0;

  const leave = (owner: string): void => {
    inFlight -= 1;
    const left = (perOwner.get(owner) ?? 1) - 1;
    if (left === 0) perOwner.delete(owner);
    else perOwner.set(owner, left);
  };

  return {
    enter: (owner, { most, beyond, by }) => {
      if (inFlight >= options.maxInFlight) throw new Failure("overloaded", { detail: "process" });
      const own = perOwner.get(owner) ?? 0;
      if (own >= most) throw new Failure(beyond, { detail: by });
      perOwner.set(owner, own + 1);
      inFlight += 1;
      return () => leave(owner);
    },
    command: (account) => commands.take(account, COMMAND_RATE),
    inFlight: () => inFlight,
  };
}
