import type { CommandReply } from "@parley/contract/shapes";
import { Failure } from "@parley/contract/failure";
import { uuidV7 } from "@parley/contract/ids";
import type { Actor } from "@parley/contract/shapes";
import type { Trace } from "@parley/messaging/trace";
import type { RoomDocumentStore } from "@parley/mongo/room-document-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import type { RoomCommand } from "@parley/room/command";
import type { LogHead } from "@parley/room-log/event-reader";
import type { CommandOutcome, RoomLog } from "@parley/room-log/room-log";
import type { AfterStep } from "@parley/site/test-hooks";

/** The one place in room-service where a test may stop it: the event is in the log, nobody has been told. */
const APPENDED = 0;

/** A request that becomes a command. */
export interface Commanding {
  readonly actor: Actor;
  readonly requestId: string;
  readonly trace: Trace;
  elapsedMs(): number;
}

/** The part of a command that every operation fills alike. */
type Asked = Pick<RoomCommand, "actor" | "requestId" | "at" | "eventId">;

export interface CommandDeps {
  readonly roomLog: Pick<RoomLog, "command">;
  readonly rooms: Pick<RoomDocumentStore, "find" | "progress">;
  readonly subscriptions: Pick<SubscriptionStore, "find" | "hasRow">;
  readonly siteId: string;
  /** Site time (epoch ms). */
  readonly now: () => number;
  /** Told of each append, with the command's type. */
  readonly afterStep: AfterStep;
}

/** Runs commands and words their replies (SPEC-rooms 1.7, 1.8). */
export interface Commands {
  /**
   * A command of a member. Outsiders get `not_room_member` without the room being loaded, members of a room homed
   * elsewhere `wrong_site`.
   */
  ofMember(asked: Commanding, roomId: string, command: (asked: Asked) => RoomCommand): Promise<CommandReply>;
  /** As `ofMember`, but a directory admin needs no membership; of a room homed elsewhere they read `wrong_site` too. */
  ofMemberOrAdmin(
    asked: Commanding & { readonly isAdmin: boolean },
    roomId: string,
    command: (asked: Asked & { readonly isAdmin: boolean }) => RoomCommand,
  ): Promise<CommandReply>;
  /** A command that needs no membership: creating a room, rotating a lost key. */
  ofAnybody(asked: Commanding, roomId: string, command: (asked: Asked) => RoomCommand): Promise<CommandReply>;
}

/** Who asks to be let in to a room's commands. */
interface Asking {
  readonly roomId: string;
  readonly account: string;
  /** A directory admin, where the command admits them. */
  readonly isAdmin: boolean;
}

/** Where a room lives that this site has no log of, as far as the asker may know. */
async function siteOf({ subscriptions, rooms }: CommandDeps, of: Asking): Promise<string | undefined> {
  if (of.isAdmin) return (await rooms.find(of.roomId))?.siteId;
  return (await subscriptions.find(of.roomId, of.account))?.roomSite;
}

/** No log here: what this site may hold of the room is a replica, which decides nothing. */
async function refuseWithoutLog(deps: CommandDeps, of: Asking): Promise<never> {
  const siteId = await siteOf(deps, of);
  if (siteId === undefined || siteId === deps.siteId) throw new Failure("not_room_member");
  throw new Failure("wrong_site", { metadata: { siteId } });
}

/** Refuses who holds no row although the projection has reached the log's head: no load for outsiders. */
async function admit(deps: CommandDeps, of: Asking, head: LogHead | undefined): Promise<void> {
  if (!head) return refuseWithoutLog(deps, of);
  if (of.isAdmin || (await deps.subscriptions.hasRow(of.roomId, of.account))) return;
  const { applied } = await deps.rooms.progress(of.roomId);
  const revision = head.stored?.event.revision;
  if (revision !== undefined && applied >= revision) throw new Failure("not_room_member");
}

export function createCommands(deps: CommandDeps): Commands {
  const replyTo = async (
    asked: Commanding,
    roomId: string,
    outcome: CommandOutcome,
  ): Promise<CommandReply> => {
    const { requestId } = asked;
    const applied = async (): Promise<number> => (await deps.rooms.progress(roomId)).applied;
    switch (outcome.status) {
      case "unchanged":
        return { status: "unchanged", requestId, roomId };
      case "exists":
        return { status: "exists", requestId, roomId, done: (await applied()) >= 1 };
      case "accepted": {
        // A first acceptance cannot have been applied yet; asking for it would only cost the caller time.
        const done = outcome.repeat && (await applied()) >= outcome.revision;
        return { status: "accepted", requestId, roomId, revision: outcome.revision, done };
      }
    }
  };

  const run = async (
    asked: Commanding,
    of: { roomId: string; command: RoomCommand; admit?: (head: LogHead | undefined) => Promise<void> },
  ): Promise<CommandReply> => {
    const outcome = await deps.roomLog.command({
      ...of,
      trace: asked.trace,
      elapsedMs: () => asked.elapsedMs(),
    });
    if (outcome.status === "accepted" && !outcome.repeat) deps.afterStep(of.command.type, APPENDED);
    return replyTo(asked, of.roomId, outcome);
  };

  const askedOf = ({ actor, requestId }: Commanding): Asked => {
    const at = deps.now();
    return { actor, requestId, at, eventId: uuidV7(at) };
  };

  const inRoom = (
    asked: Commanding,
    { roomId, isAdmin }: Pick<Asking, "roomId" | "isAdmin">,
    command: RoomCommand,
  ): Promise<CommandReply> => {
    const asking = { roomId, account: asked.actor.account, isAdmin };
    return run(asked, { roomId, command, admit: (head) => admit(deps, asking, head) });
  };

  return {
    ofMember: (asked, roomId, command) => inRoom(asked, { roomId, isAdmin: false }, command(askedOf(asked))),
    ofMemberOrAdmin: (asked, roomId, command) => {
      const { isAdmin } = asked;
      return inRoom(asked, { roomId, isAdmin }, command({ ...askedOf(asked), isAdmin }));
    },
    ofAnybody: (asked, roomId, command) => run(asked, { roomId, command: command(askedOf(asked)) }),
  };
}
