/**
 * # Parley client
 *
 * ```ts
 * import { connectParley } from "@parley/client/connect-node"; // or connect-browser
 *
 * const ann = await connectParley({
 *   servers: ["nats://127.0.0.1:4222"],
 *   siteId: "alpha", // ann's home site
 *   account: "ann",
 *   authentication: { user: "ann", password },
 *   keyStore: await fileKeyStore("ann/keys.json"), // memory without it
 *   outboxStore: await fileOutboxStore("ann/outbox.json"), // memory without it
 *   device: { store: await fileDeviceStore("ann/device.json") }, // keys come wrapped for it
 * });
 *
 * const job = await ann.createRoom({ name: "Plans", users: ["bob"], orgs: ["eng"] }); // accepted
 * await job.done; // true for everybody: members told, keys delivered
 * await ann.send(job, { content: "hello" }); // resolves when the message is durably stored
 *
 * for await (const message of ann.messages(job, { history: 20 })) show(message.sender.name, message.content);
 * for await (const event of ann.events()) handle(event); // everything: see ClientEvent
 *
 * await ann.close();
 * ```
 *
 * - **Rooms** are named by `{ roomId, siteId }`; a job, an entry of `rooms()` and every room event is such a reference.
 * - **Commands** resolve with a {@link Job} when the request is accepted and stored. `job.done` resolves once when it is
 *   true everywhere at the room's home; a result that was missed is found by repeating the request with its id.
 *   `options.requestId` makes a request repeatable by yourself: the same id gives the first outcome.
 * - **Refusals** are {@link ParleyError}s: `code` is one of eight, `reason` is set where a program may want to branch.
 *   `unavailable` and `too_many_requests` are repeated until `options.deadlineMs`; a home site that is away is not, and
 *   refused as `home_site_unreachable`.
 * - **Sends** are different: they are kept (in the outbox store) and repeated until the service stores or refuses the
 *   message, one at a time per room, so they keep their order. Closing rejects those that wait; with a store that lasts
 *   they go out with the next run.
 * - **Changes** of messages (edits, deletions, reactions, pins, replies of a thread) come as `message_changed`, and
 *   `rooms()` shows them, in whatever order they arrive. Thread replies that were not sent to the room too come as
 *   `message` with `threadOf`; they are not among the room's own messages, `client.thread` lists them.
 * - **Events** are opened as they come: an unknown key is fetched, what cannot be opened is read from history, what was
 *   missed (a hole in the room's sequence, a lost connection) is read back and told with `via: "history"`. Nothing is
 *   shown twice. `rooms()` holds each room's newest messages in order.
 * - **An unopened event** says why, from a closed list; `before_you_joined` and `after_you_left` mean it is not for this
 *   account. A `message` event follows when it can be shown later.
 * - **A slow reader** never loses events silently: see `gap` in {@link ClientEvent}.
 * - **Keys** are persisted before they are used and acknowledged after that; they are in no event, error or problem report.
 * - **Devices**: with `device` the account's keys come wrapped for its registered devices alone. What does not open is asked
 *   for anew, once. A revoked device cannot connect: `device_id_reused`.
 * - **Rosters**: each new key is compared with the members shown; `roster_mismatch` says that somebody may hold it whom the
 *   list does not show. `explain` says of a message why it is not open and what to do about it.
 * - **Problems** nobody waits for (an unreadable notice, a failed background read) go to `onProblem`.
 */
import type { AnyRequest } from "@parley/contract/request";

import type { RoomReference } from "./client-events.ts";
import { type Commands, createCommands } from "./commands.ts";
import { createDevices, type Devices } from "./devices.ts";
import { createDirectory, type Directory } from "./directory.ts";
import { createExplaining, type Explaining } from "./explain.ts";
import { createFollowing, type Following } from "./follow.ts";
import { createMessages, type Messages } from "./messages.ts";
import type { Draft, Outbox, Sent } from "./outbox.ts";
import { createOwnState, type OwnState } from "./own-state.ts";
import { createReads, type Reads } from "./reads.ts";
import type { BodyOf, CallOptions, CallTokens, ReplyOf } from "./request.ts";
import { createRoomSettings, type RoomSettings } from "./room-settings.ts";
import type { Session } from "./session.ts";

export type { Problem } from "./background.ts";
export type { ClientEvent, RoomReference } from "./client-events.ts";
export type { UnopenedReason } from "@parley/contract/devices";
export type { CreationJob } from "./commands.ts";
export type { DeviceOptions } from "./device.ts";
export type { DeviceStore } from "./device-store.ts";
export type { DirectorySearch, OrgMember } from "./directory.ts";
export type { Explanation } from "./explain.ts";
export type { Opening } from "./follow.ts";
export type { Room } from "./held-rooms.ts";
export type { Job, JobOutcome } from "./job.ts";
export type { KeyStore } from "./key-store.ts";
export type { Draft, Sent } from "./outbox.ts";
export type { OutboxStore } from "./outbox-store.ts";
export { ParleyError } from "./parley-error.ts";

/** One account, connected. */
export interface Client
  extends
    Commands,
    RoomSettings,
    Reads,
    Messages,
    Directory,
    OwnState,
    Devices,
    Explaining,
    Following,
    AsyncDisposable {
  readonly account: string;
  /** The account's home site. */
  readonly siteId: string;
  /**
   * Resolves when the message is durably stored at the room's home, however long that takes.
   * @throws {ParleyError} when it is refused for good, or the client is closed before an answer
   */
  send(room: RoomReference, draft: Draft): Promise<Sent>;
  /**
   * Any request of the contract, typed by its declaration.
   * @throws {ParleyError}
   */
  request<D extends AnyRequest>(
    declaration: D,
    call: CallOptions & { readonly tokens: CallTokens<D>; readonly body: BodyOf<D> },
  ): Promise<ReplyOf<D>>;
  /** Ends iterators, rejects what waits for an answer, and closes the connection. */
  close(): Promise<void>;
}

/** The client of a started session. */
export function createClient(session: Session, outbox: Outbox): Client {
  const reads = createReads(session);
  const newest: Parameters<typeof createFollowing>[0]["newest"] = async (room, limit) =>
    (await reads.history(room, { limit })).messages;
  return {
    account: session.account,
    siteId: session.siteId,
    ...createCommands(session),
    ...createRoomSettings(session),
    ...reads,
    ...createMessages(session),
    ...createDirectory(session),
    ...createOwnState(session),
    ...createDevices(session),
    ...createExplaining(session),
    ...createFollowing({ ...session, newest }),
    send: (room, draft) => outbox.send(room, draft),
    request: (declaration, call) => session.requester.call(declaration, call),
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
