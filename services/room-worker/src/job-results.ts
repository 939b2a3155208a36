import type { CanonicalEvent } from "@parley/contract/events";
import { LIMITS } from "@parley/contract/limits";
import { userSubjects } from "@parley/contract/notices";
import type { Recorder } from "@parley/contract/observe";
import type { JobResult } from "@parley/contract/room-requests";
import type { DirectoryStore } from "@parley/mongo/directory-store";
import type { Broker } from "@parley/messaging/connect-nats";
import { beginFlush } from "@parley/messaging/flush-guard";
import { publishNotice } from "@parley/messaging/publish";
import type { Trace } from "@parley/messaging/trace";
import { EVENT_OPERATIONS } from "@parley/room/operation";

interface Deps {
  readonly broker: Broker;
  readonly directory: Pick<DirectoryStore, "find">;
  readonly recorder: Recorder;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/** Step 11 of SPEC-rooms 4.2: tells the requester that the request is true now. */
export interface JobResults {
  send(event: CanonicalEvent, trace: Trace): Promise<void>;
  /** For an event applied before: the identical bytes again while it is younger than an hour. */
  sendAgain(event: CanonicalEvent, trace: Trace): Promise<void>;
}

/** A stored event is a fact, so it ends in `ok`, however late. A key rotation is nobody's job. */
function jobResultOf(event: CanonicalEvent): JobResult | undefined {
  const operation = EVENT_OPERATIONS[event.type];
  if (operation === "key.rotate") return undefined;
  const { requestId, roomId, revision, at } = event;
  return { requestId, operation, status: "ok", roomId, revision, at };
}

const recipientOf = ({ actor }: CanonicalEvent): string | undefined =>
  actor.kind === "system" ? actor.onBehalfOf : actor.account;

export function createJobResults(deps: Deps): JobResults {
  const send = async (event: CanonicalEvent, trace: Trace): Promise<JobResult | undefined> => {
    const result = jobResultOf(event);
    const account = recipientOf(event);
    const home = result && account !== undefined ? (await deps.directory.find(account))?.homeSite : undefined;
    if (!result || account === undefined || home === undefined) return undefined;
    const flushing = beginFlush(deps.broker);
    publishNotice(deps.broker, {
      subject: userSubjects.response.of({
        homeSite: home,
        account,
        fromSite: event.siteId,
        requestId: event.requestId,
      }),
      body: result,
      trace,
    });
    await flushing.flush();
    return result;
  };

  return {
    send: async (event, trace) => {
      const result = await send(event, trace);
      if (!result) return;
      const { operation, status } = result;
      deps.recorder.count("job_results_total", { operation, status });
      deps.recorder.record("accept_to_result_seconds", Math.max(0, deps.now() - event.at) / 1000, {
        operation,
      });
    },
    sendAgain: async (event, trace) => {
      if (deps.now() - event.at < LIMITS.jobResultRepeatMs) await send(event, trace);
    },
  };
}
