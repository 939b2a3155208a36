import type { Msg, Subscription } from "@nats-io/nats-core";
import { LIMITS } from "@parley/contract/limits";
import type { Log, Recorder } from "@parley/contract/observe";
import type { ProcessName } from "@parley/contract/processes";

import { answerRequest, mayReplyTo, type AnswerDeps, type Callers } from "./answer-request.ts";
import type { Broker } from "./connect-nats.ts";
import type { Endpoint } from "./endpoint.ts";
import { createRequestLimits } from "./request-limits.ts";
import { traceHeaders } from "./trace.ts";

export interface ServeOptions {
  readonly broker: Broker;
  readonly siteId: string;
  /** The queue group: replicas of a process share its requests. */
  readonly process: ProcessName;
  readonly endpoints: readonly Endpoint[];
  readonly callers: Callers;
  readonly maxInFlight: number;
  readonly recorder: Recorder;
  readonly log: Log;
}

/** Requests being served. */
export interface Serving {
  /** Refuses what comes (`shutting_down`) and resolves when everything begun is answered. */
  stop(): Promise<void>;
}

/** How long a draining process goes on answering `shutting_down` to what the broker still hands it (ms). */
const DRAIN_POLL_MS = 10;

function subscribe(options: ServeOptions, endpoint: Endpoint, answer: (message: Msg) => void): Subscription {
  const filter = endpoint.declaration.subject.filter({ siteId: options.siteId });
  return options.broker.connection.subscribe(filter, {
    queue: options.process,
    callback: (error, message) => {
      if (error)
        options.log.error("subscription_failed", { operation: endpoint.declaration.operation }, error);
      else answer(message);
    },
  });
}

/** Serves requests of clients and of other processes until stopped. Resolves once the broker routes them here. */
export async function serveEndpoints(options: ServeOptions): Promise<Serving> {
  const { broker, recorder, log } = options;
  const limits = createRequestLimits({ maxInFlight: options.maxInFlight });
  let draining = false;
  const deps: AnswerDeps = {
    siteId: options.siteId,
    callers: options.callers,
    limits,
    recorder,
    log,
    replyBytesMax: broker.payloadBytesMax - LIMITS.replyMarginBytes,
    draining: () => draining,
  };

  const answer = async (endpoint: Endpoint, message: Msg): Promise<void> => {
    // The broker does not check reply subjects: an answer to a foreign one would let a client write through us.
    if (!mayReplyTo(endpoint, message)) {
      recorder.count("replies_refused_total");
      return;
    }
    const { payload, trace } = await answerRequest(deps, endpoint, message);
    broker.connection.publish(message.reply ?? "", payload, { headers: traceHeaders(trace) });
  };

  const subscriptions = options.endpoints.map((endpoint) =>
    subscribe(options, endpoint, (message) => {
      answer(endpoint, message).catch((error: unknown) =>
        log.error("reply_failed", { operation: endpoint.declaration.operation }, error),
      );
    }),
  );
  await broker.flush();

  return {
    stop: async () => {
      draining = true;
      await Promise.all(subscriptions.map((subscription) => subscription.drain()));
      while (limits.inFlight() > 0) await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
      await broker.flush();
    },
  };
}
