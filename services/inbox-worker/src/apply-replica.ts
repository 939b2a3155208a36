import type { CanonicalEvent } from "@parley/contract/events";
import { OUTBOX_TYPES, type RoomSnapshotMessage } from "@parley/contract/federation";
import type { MemberEntry } from "@parley/contract/shapes";
import type { Broker } from "@parley/messaging/connect-nats";
import { beginFlush } from "@parley/messaging/flush-guard";
import type { Trace } from "@parley/messaging/trace";
import type { Replica, ReplicaStore } from "@parley/mongo/replica-store";
import type { SubscriptionStore } from "@parley/mongo/subscription-store";
import { evolve } from "@parley/room/evolve";
import { assertLaw } from "@parley/room/law-broken";
import { participatingSites } from "@parley/room/membership";
import { membershipChangeOf } from "@parley/room/membership-change";
import { fromSnapshot } from "@parley/room/snapshot";
import type { RoomState } from "@parley/room/state";
import type { RoomKeyStore } from "@parley/room-keys/room-key-store";
import { noticeOf, type TellSubscription } from "@parley/site/subscription-notices";
import type { AfterStep } from "@parley/site/test-hooks";

import type { Arrival } from "./read-arrival.ts";

interface Deps {
  readonly siteId: string;
  readonly broker: Broker;
  readonly replicas: Pick<ReplicaStore, "commit" | "replace" | "bury">;
  readonly subscriptions: Pick<SubscriptionStore, "put" | "change" | "markRemoved" | "replaceSite">;
  readonly keys: Pick<RoomKeyStore, "delete" | "getVersion">;
  readonly tell: TellSubscription;
  /** Named after the type of what came through the lane: the event's, `snapshot` or `final`. */
  readonly afterStep: AfterStep;
}

/** Effects of SPEC-rooms 4.3, each safe to repeat: own rows, the replica, notices to own accounts. */
export interface ReplicaEffects {
  /** The event at `applied + 1`. Throws LawBroken when it does not continue the replica. */
  event(of: { before: RoomState; event: CanonicalEvent; bytes: Uint8Array; trace: Trace }): Promise<void>;
  /** As `event`, for the one with which our last member left: afterwards a tombstone keeps the room away. */
  final(of: { before: RoomState; event: CanonicalEvent; bytes: Uint8Array; trace: Trace }): Promise<void>;
  snapshot(of: { replica: Replica | undefined; snapshot: RoomSnapshotMessage; trace: Trace }): Promise<void>;
  /** Tells our own accounts again of what was applied before: whoever applied it may have died before it did. */
  tellAgain(of: { replica: Replica; arrival: Known }): Promise<void>;
}

/** What this release can apply. */
type Known = Exclude<Arrival, { kind: "unknown" }>;

interface Step {
  readonly before: RoomState;
  readonly event: CanonicalEvent;
  readonly bytes: Uint8Array;
  readonly trace: Trace;
}

/** A newer key than the one held is to be copied; noted in the same write, so that no crash forgets it. */
const missingKeyOf = (held: number | null, named: number) =>
  held !== null && held >= named ? undefined : { version: named, attempts: 0 };

function conflicting(outcome: string, roomId: string): void {
  if (outcome === "conflict") throw new Error(`another worker went on with replica ${roomId}`);
}

/** (1) Rows of our own members, over lower revisions only. */
async function project(deps: Deps, { before, event }: Step, after: RoomState): Promise<void> {
  const { roomId, revision, at } = event;
  const own = (account: string): boolean =>
    (after.members.get(account) ?? before.members.get(account))?.siteId === deps.siteId;
  const { put, change, lost } = membershipChangeOf(event, { before, after });
  const entries = put.filter(({ account }) => own(account));
  const changes = change.filter(({ account }) => own(account));
  const accounts = lost.map(({ account }) => account).filter(own);
  if (entries.length > 0) await deps.subscriptions.put({ room: after, entries, revision });
  if (changes.length > 0) await deps.subscriptions.change({ roomId, changes, revision });
  if (accounts.length > 0) await deps.subscriptions.markRemoved({ roomId, accounts, revision, at });
}

/** (3) Tells our own accounts, so that one connected throughout an outage learns what happened. */
async function tellOwn(deps: Deps, { before, event, trace }: Step, after: RoomState): Promise<void> {
  const own = (member: MemberEntry): boolean => member.siteId === deps.siteId;
  const { put, lost, roleChanged } = membershipChangeOf(event, { before, after });
  const notice = noticeOf(event, after, trace);
  const flushing = beginFlush(deps.broker);
  await deps.tell(notice, "added", put.filter(own));
  await deps.tell(notice, "removed", lost.filter(own));
  await deps.tell(notice, "role_changed", roleChanged.filter(own));
  await flushing.flush();
}

const isOurs = (state: RoomState, siteId: string): boolean => participatingSites(state).includes(siteId);

async function applyEvent(deps: Deps, step: Step): Promise<void> {
  const { event, before } = step;
  const after = evolve(before, event, step.bytes);
  // Our last member leaves with `final` only: otherwise the room's keys would stay here, and later events come.
  assertLaw(isOurs(after, deps.siteId), "final", event);
  const done = (number: number): void => deps.afterStep(event.type, number);
  done(0);
  await project(deps, step, after);
  done(1);
  const missingKey = missingKeyOf(await deps.keys.getVersion(event.roomId), after.keyVersion);
  conflicting(await deps.replicas.commit({ before, state: after, missingKey }), event.roomId);
  done(2);
  await tellOwn(deps, step, after);
  done(3);
}

async function applyFinal(deps: Deps, step: Step): Promise<void> {
  const { event, before } = step;
  const after = evolve(before, event, step.bytes);
  // A home that buries a room over our members' heads lies: they would lose it here and stay in it there.
  assertLaw(!isOurs(after, deps.siteId), "final", event);
  const done = (number: number): void => deps.afterStep(OUTBOX_TYPES.final, number);
  done(0);
  await project(deps, step, after);
  done(1);
  await deps.keys.delete(event.roomId, event.revision);
  done(2);
  // Told before the burial: a tombstone no longer knows whom a redelivery would have to tell again.
  await tellOwn(deps, step, after);
  done(3);
  const { roomId, siteId, revision, at } = event;
  conflicting(await deps.replicas.bury({ roomId, siteId, revision, at, repair: false }), roomId);
  done(4);
}

interface Arrived {
  readonly replica: Replica | undefined;
  readonly snapshot: RoomSnapshotMessage;
  readonly trace: Trace;
}

/** Whom a snapshot brings in or takes out at our site, compared with what was held. */
function differences(siteId: string, before: RoomState | undefined, after: RoomState) {
  const own = (state: RoomState | undefined): MemberEntry[] =>
    [...(state?.members.values() ?? [])].filter((member) => member.siteId === siteId);
  return {
    entries: own(after),
    added: own(after).filter(({ account }) => !before?.members.has(account)),
    lost: own(before).filter(({ account }) => !after.members.has(account)),
    roleChanged: own(after).filter(({ account, role }) => {
      const known = before?.members.get(account);
      return known !== undefined && known.role !== role;
    }),
  };
}

async function applySnapshot(deps: Deps, { replica, snapshot, trace }: Arrived): Promise<void> {
  const after = fromSnapshot(snapshot);
  const { roomId, siteId, revision, at } = after;
  const repair = snapshot.repair === true;
  const found = differences(deps.siteId, replica?.state, after);
  const done = (number: number): void => deps.afterStep(OUTBOX_TYPES.snapshot, number);
  done(0);
  await deps.subscriptions.replaceSite({ room: after, siteId: deps.siteId, repair });
  done(1);
  if (found.entries.length === 0) {
    await deps.keys.delete(roomId, revision);
    conflicting(await deps.replicas.bury({ roomId, siteId, revision, at, repair }), roomId);
  } else {
    const missingKey = missingKeyOf(await deps.keys.getVersion(roomId), after.keyVersion);
    conflicting(await deps.replicas.replace({ state: after, repair, missingKey }), roomId);
  }
  done(2);
  const notice = { roomId, siteId, at, revision, room: after, trace };
  const flushing = beginFlush(deps.broker);
  await deps.tell(notice, "added", found.added);
  await deps.tell(notice, "removed", found.lost);
  await deps.tell(notice, "role_changed", found.roleChanged);
  await flushing.flush();
  done(3);
}

const accountsOf = (members: readonly MemberEntry[]): string[] => members.map(({ account }) => account);

/** Own members as they are held now. */
const heldOf = (state: RoomState, siteId: string, accounts: readonly string[]): MemberEntry[] =>
  accounts
    .flatMap((account) => state.members.get(account) ?? [])
    .filter((member) => member.siteId === siteId);

/** The notices of an event, from what is held now: who it brought in and still is, who it took out and is not back. */
async function tellEventAgain(
  deps: Deps,
  { event, trace }: { event: CanonicalEvent; trace: Trace },
  state: RoomState,
) {
  const { put, roleChanged } = membershipChangeOf(event, { before: undefined, after: state });
  const notice = noticeOf(event, state, trace);
  await deps.tell(notice, "added", heldOf(state, deps.siteId, accountsOf(put)));
  await deps.tell(notice, "role_changed", heldOf(state, deps.siteId, accountsOf(roleChanged)));
  if (event.type !== "members_removed") return;
  const gone = event.data.removed.filter((account) => !state.members.has(account));
  // Of former members only the account is known; a notice to one who lives elsewhere reaches nobody.
  const formerMembers = gone.map((account) => ({ ...FORMER, account, siteId: deps.siteId }));
  await deps.tell(notice, "removed", formerMembers);
}

/** The notices of a snapshot with which our site joined: everybody of ours in it was brought in. */
async function tellJoinedAgain(
  deps: Deps,
  { snapshot, trace }: { snapshot: RoomSnapshotMessage; trace: Trace },
  state: RoomState,
): Promise<void> {
  if (snapshot.repair === true) return;
  const { roomId, siteId, at, revision } = snapshot;
  const accounts = accountsOf(snapshot.state.members);
  const notice = { roomId, siteId, at, revision, room: state, trace };
  await deps.tell(notice, "added", heldOf(state, deps.siteId, accounts));
}

async function tellAgain(deps: Deps, { replica: { state }, arrival }: { replica: Replica; arrival: Known }) {
  if (!state) return;
  const flushing = beginFlush(deps.broker);
  if (arrival.kind === "snapshot") await tellJoinedAgain(deps, arrival, state);
  else await tellEventAgain(deps, arrival, state);
  await flushing.flush();
}

/** Stands for an entry that is not held any more: a lean notice shows nothing of it. */
const FORMER: Omit<MemberEntry, "account" | "siteId"> = {
  userId: "",
  kind: "person",
  role: "member",
  individual: false,
  viaOrgs: [],
  joinedAt: 0,
  keyFrom: 0,
};

export const createReplicaEffects = (deps: Deps): ReplicaEffects => ({
  event: (step) => applyEvent(deps, step),
  final: (step) => applyFinal(deps, step),
  snapshot: (arrived) => applySnapshot(deps, arrived),
  tellAgain: (of) => tellAgain(deps, of),
});
