import type { UnopenedReason } from "@parley/contract/devices";

/** A key was handed out and is of no use here; `reason` is what is told of messages under it. */
export class UnusableKey extends Error {
  override readonly name = "UnusableKey";
  readonly reason: UnopenedReason;

  constructor(reason: UnopenedReason) {
    super(`the key that was handed out is of no use: ${reason}`);
    this.reason = reason;
  }
}
