import { uuidV7 } from "@parley/contract/ids";
import type { AnyRequest } from "@parley/contract/request";

import type { RoomReference } from "./client-events.ts";
import { followJob, type Job } from "./job.ts";
import type { BodyOf, CallOptions, CallTokens, ReplyOf } from "./request.ts";
import type { SessionCore } from "./session-core.ts";

interface Command<D extends AnyRequest> {
  readonly tokens: CallTokens<D>;
  readonly body: BodyOf<D>;
  readonly options: CallOptions | undefined;
}

/** Asks for what changes rooms and follows what becomes of it. */
export interface RoomCommander {
  /** The reply and the way to ask for it again; the id is fixed so that a repeat is the same request. */
  readonly ask: <D extends AnyRequest>(
    declaration: D,
    command: Command<D>,
  ) => Promise<{ readonly reply: ReplyOf<D>; readonly repeat: () => Promise<ReplyOf<D>> }>;
  /** A command in a room that is there. */
  readonly inRoom: <D extends AnyRequest>(
    declaration: D,
    room: RoomReference,
    command: Omit<Command<D>, "tokens">,
  ) => Promise<Job>;
  /** The job that an answered command started. */
  readonly follow: (started: Parameters<typeof followJob>[1]) => Job;
}

export function createRoomCommander({ requester, jobs, clock, background }: SessionCore): RoomCommander {
  const follow: RoomCommander["follow"] = (started) =>
    followJob({ results: jobs, clock, signal: background.signal }, started);

  const ask: RoomCommander["ask"] = async <D extends AnyRequest>(
    declaration: D,
    { tokens, body, options }: Command<D>,
  ) => {
    const fixed = { ...options, requestId: options?.requestId ?? uuidV7(clock.now()) };
    const repeat = (): Promise<ReplyOf<D>> => requester.call(declaration, { ...fixed, tokens, body });
    return { reply: await repeat(), repeat };
  };

  const inRoom: RoomCommander["inRoom"] = async <D extends AnyRequest>(
    declaration: D,
    { roomId, siteId }: RoomReference,
    command: Omit<Command<D>, "tokens">,
  ) => {
    const tokens = { roomId, siteId } as unknown as CallTokens<D>;
    const { reply, repeat } = await ask(declaration, { ...command, tokens });
    return follow({ siteId, reply, repeat });
  };

  return { ask, inRoom, follow };
}
