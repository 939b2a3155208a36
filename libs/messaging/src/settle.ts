import type { JsMsg } from "@nats-io/jetstream";

/** What becomes of a delivered message. */
export type Settlement =
  | { readonly kind: "done" }
  /** Comes again after the delay (ms). */
  | { readonly kind: "later"; readonly delayMs: number }
  /** Never comes again: a copy of it is in DEAD. */
  | { readonly kind: "parked" };

/**
 * Settles a message; the only place that does. A bare negative acknowledgement would ignore every back-off (four
 * deliveries within 1 ms, STYLE 6), so "later" always names its delay.
 */
export function settle(message: JsMsg, settlement: Settlement): void {
  switch (settlement.kind) {
    case "done":
      message.ack();
      break;
    case "later":
      message.nak(Math.max(1, settlement.delayMs));
      break;
    case "parked":
      message.term("a copy is in DEAD");
      break;
  }
}

/** Tells the broker that work on the message goes on: its acknowledgement wait starts anew. */
export function reportProgress(message: JsMsg): void {
  message.working();
}
