import type { ConsumerDeclaration } from "@parley/contract/consumers";
import type { Log, Recorder } from "@parley/contract/observe";

import type { Broker } from "./connect-nats.ts";
import type { ConsumerSettings } from "./ensure-consumer.ts";
import type { StreamMessage } from "./stream-message.ts";

/** What a consumer loop takes, from where, and what it does with it. */
export interface ConsumeOptions {
  readonly broker: Broker;
  readonly siteId: string;
  readonly declaration: ConsumerDeclaration;
  readonly settings: ConsumerSettings;
  /** Messages of one key are handled strictly in order, different keys side by side. Never throws. */
  readonly keyOf: (message: StreamMessage) => string;
  /**
   * Resolves when every effect is made. Throws `Unprocessable` for what no attempt will settle, anything else for
   * what a later attempt may.
   */
  readonly handle: (message: StreamMessage) => Promise<void>;
  /**
   * Where a failed message waits: handed back to the broker while later ones of its key go on (the revision gate copes), or
   * in place, holding up its key, where order is promised.
   */
  readonly retry: {
    readonly where: "broker" | "in_place";
    readonly delaysMs?: readonly [number, ...number[]];
  };
  /** Whether everything the handler needs answers; while it does not, nothing is pulled and no attempt is counted. */
  readonly dependenciesUp: () => Promise<boolean>;
  /** The loop ended for good although everything answers: a process that is ready and idle must end instead. */
  readonly onLost: (error: unknown) => void;
  readonly recorder: Recorder;
  readonly log: Log;
  /** Test mode: every message is handled twice, as any redelivery would. */
  readonly deliverTwice?: boolean;
}
