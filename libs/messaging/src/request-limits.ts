import { Failure } from "@parley/contract/failure";
import { LIMITS } from "@parley/contract/limits";

/** Accounts remembered for their command rate; the longest silent are forgotten first. */
const BUCKETS_MAX = 20_000;
const SECOND_MS = 1000;

interface Bucket {
  tokens: number;
  at: number;
}

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
  const now = options.now ?? (() => performance.now());
  const perOwner = new Map<string, number>();
  const buckets = new Map<string, Bucket>();
  let inFlight = 0;

  const leave = (owner: string): void => {
    inFlight -= 1;
    const left = (perOwner.get(owner) ?? 1) - 1;
    if (left === 0) perOwner.delete(owner);
    else perOwner.set(owner, left);
  };

  const refilled = (account: string): Bucket => {
    const bucket = buckets.get(account) ?? { tokens: LIMITS.commandBurstPerAccount, at: now() };
    const gained = ((now() - bucket.at) / SECOND_MS) * LIMITS.commandsPerSecondPerAccount;
    return { tokens: Math.min(LIMITS.commandBurstPerAccount, bucket.tokens + gained), at: now() };
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
    command: (account) => {
      const bucket = refilled(account);
      buckets.delete(account);
      buckets.set(account, bucket);
      if (buckets.size > BUCKETS_MAX) buckets.delete(buckets.keys().next().value ?? account);
      if (bucket.tokens < 1) {
        const retryAfterMs = Math.ceil(
          ((1 - bucket.tokens) * SECOND_MS) / LIMITS.commandsPerSecondPerAccount,
        );
        throw new Failure("rate_limited", { detail: "account_rate", metadata: { retryAfterMs } });
      }
      bucket.tokens -= 1;
    },
    inFlight: () => inFlight,
  };
}
