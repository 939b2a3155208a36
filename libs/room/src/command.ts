import type { Failure } from "@parley/contract/failure";
import type { AccountKind, Actor, History, Role } from "@parley/contract/shapes";

/** What the directory says of an account, gathered before a command is decided. */
export interface FoundAccount {
  readonly account: string;
  readonly userId: string;
  readonly siteId: string;
  readonly kind: AccountKind;
  readonly enabled: boolean;
  readonly sectId?: string | undefined;
  readonly deptId?: string | undefined;
}

/** An org that a command names: its name and enabled people; nobody → the org is invalid. */
export interface FoundOrg {
  readonly orgId: string;
  readonly name: string;
  readonly people: readonly FoundAccount[];
}

/** A channel that a command refers to, with the directory's answer for whom it brings in (`channel-reference.ts`). */
export interface FoundChannel {
  readonly roomId: string;
  readonly siteId: string;
  readonly users: readonly FoundAccount[];
  readonly missing: readonly string[];
  readonly orgs: readonly FoundOrg[];
}

/** A channel that could not be referred to. Carried as a fact, so that it is told in its turn and not before. */
export interface RefusedChannel {
  readonly roomId: string;
  readonly siteId: string;
  readonly refused: Failure;
}

/**
 * The directory's answer for everything a command names, duplicates and the caller included: `decide` drops them. A named
 * account that is `missing` is unknown.
 */
export interface Found {
  readonly users: readonly FoundAccount[];
  readonly missing: readonly string[];
  readonly orgs: readonly FoundOrg[];
  /** Channels that a command refers to, in the order named; the first refused one refuses the command. */
  readonly channels?: readonly (FoundChannel | RefusedChannel)[];
}

export interface RoomLimits {
  readonly maxRoomSize: number;
  readonly maxBatchSize: number;
  /** Sites that may be home to a member: this one and its peers. */
  readonly knownSites: ReadonlySet<string>;
}

/** What every command carries: who asks, under which id, when. */
interface Asked {
  readonly requestId: string;
  readonly actor: Actor;
  /** Site time (epoch ms); the event's `at` is never below its predecessor's. */
  readonly at: number;
  /** UUIDv7 for the event, should there be one. */
  readonly eventId: string;
}

export interface CreateChannel extends Asked {
  readonly type: "create_channel";
  readonly roomId: string;
  readonly siteId: string;
  readonly name: string;
  readonly creator: FoundAccount;
  readonly found: Found;
  readonly limits: RoomLimits;
}

/** Opens a dm or agentDm; `roomId` is that of the pair. */
export interface CreateDirect extends Asked {
  readonly type: "create_direct";
  readonly roomId: string;
  readonly siteId: string;
  readonly requester: FoundAccount;
  readonly other: FoundAccount;
  readonly limits: RoomLimits;
}

export interface AddMembers extends Asked {
  readonly type: "add_members";
  readonly found: Found;
  /** What newcomers may read: nothing from before, or what the caller may. */
  readonly history: History;
  readonly limits: RoomLimits;
}

export interface RemoveMember extends Asked {
  readonly type: "remove_member";
  readonly account: string;
}

export interface RemoveOrg extends Asked {
  readonly type: "remove_org";
  readonly orgId: string;
}

export interface ChangeRole extends Asked {
  readonly type: "change_role";
  readonly account: string;
  readonly role: Role;
}

/** A request that a directory admin may make without being a member. */
interface AdminAsked extends Asked {
  /** What the directory says of the caller. */
  readonly isAdmin: boolean;
}

export interface RenameRoom extends AdminAsked {
  readonly type: "rename_room";
  readonly name: string;
}

/** Sets who may add and from where. */
export interface RestrictRoom extends AdminAsked {
  readonly type: "restrict_room";
  readonly restricted: boolean;
  readonly externalAccess: boolean;
  /** Who becomes the only owner. */
  readonly ownerAccount?: string | undefined;
}

export interface CloseRoom extends Asked {
  readonly type: "close_room";
}

/** Sets whether the key changes when somebody joins, too. */
export interface SetPolicy extends Asked {
  readonly type: "set_policy";
  readonly rekeyOnJoin: boolean;
}

/**
 * Rotates a key that the store lost, that is not the printed one, or that a revoked device could read (`due`); asked by
 * our own processes only.
 */
export interface RotateKey extends Asked {
  readonly type: "rotate_key";
  readonly reason: "lost" | "requested" | "due";
  /** The version to replace; a room past it needs nothing. */
  readonly version: number;
}

/** Takes an account that the directory disabled out of the room; asked by our own processes only. */
export interface RetireMember extends Asked {
  readonly type: "retire_member";
  readonly account: string;
}

/** Closes a channel whose only member the directory disabled, so that it may be left without an owner. */
export interface CloseDeserted extends Asked {
  readonly type: "close_deserted";
  readonly account: string;
}

export type RoomCommand =
  | CreateChannel
  | CreateDirect
  | AddMembers
  | RemoveMember
  | RemoveOrg
  | ChangeRole
  | RenameRoom
  | RestrictRoom
  | CloseRoom
  | SetPolicy
  | RotateKey
  | RetireMember
  | CloseDeserted;
