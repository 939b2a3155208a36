import type { FailureReason } from "@parley/contract/failure";
import type { AnyRequest } from "@parley/contract/request";

/** What is said of a request beyond its declaration, and an example of it. */
export interface RequestPage {
  readonly declaration: AnyRequest;
  readonly about: string;
  /** Refusals of its own, in the order they are decided; those of every request are left out. */
  readonly refusals: readonly FailureReason[];
  readonly body: object;
  readonly reply: object;
}
