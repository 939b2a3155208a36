import { Failure } from "@parley/contract/failure";

/** Accounts remembered for their rate; the longest silent are forgotten first. */
const BUCKETS_MAX = 20_000;
const SECOND_MS = 1000;

interface Bucket {
  tokens: number;
  at: number;
}

/** How often an account may do something: `burst` at once, then `perSecond`. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Counts what accounts do in this process. */
export interface AccountRate {
  /** Counts one more. Throws `rate_limited` with the time after which the next is taken. */
  take(account: string, rate: Rate): void;
}

/** `now` is a monotonic clock in milliseconds. An account is always given the same rate. */
export function createAccountRate(now: () => number = () => performance.now()): AccountRate {
  const buckets = new Map<string, Bucket>();

  const refilled = (account: string, { perSecond, burst }: Rate): Bucket => {
    const bucket = buckets.get(account) ?? { tokens: burst, at: now() };
    const gained = ((now() - bucket.at) / SECOND_MS) * perSecond;
    return { tokens: Math.min(burst, bucket.tokens + gained), at: now() };
  };

  return {
    take: (account, rate) => {
      const bucket = refilled(account, rate);
      buckets.delete(account);
      buckets.set(account, bucket);
      if (buckets.size > BUCKETS_MAX) buckets.delete(buckets.keys().next().value ?? account);
      if (bucket.tokens < 1) {
        const retryAfterMs = Math.ceil(((1 - bucket.tokens) * SECOND_MS) / rate.perSecond);
        throw new Failure("rate_limited", { detail: "account_rate", metadata: { retryAfterMs } });
      }
      bucket.tokens -= 1;
    },
  };
}
