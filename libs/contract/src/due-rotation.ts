import { LIMITS } from "./limits.ts";

/**
 * Whether a room's key changed for a revoked device so short a time ago that it waits before it does so again (R124).
 * Both moments in epoch ms; without a `dueRotatedAt` it never changed so.
 */
export const isDueRotationPaused = (
  { dueRotatedAt }: { readonly dueRotatedAt?: number | undefined },
  at: number,
): boolean => dueRotatedAt !== undefined && at < dueRotatedAt + LIMITS.dueRotationPauseMs;
