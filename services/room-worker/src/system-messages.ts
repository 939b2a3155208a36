import type { RoomEventOf } from "@parley/contract/events";

import { actedBy } from "@parley/room/acted-by";

/** A message the room writes itself (SPEC-rooms 5.4). */
export interface SystemMessage {
  readonly type: string;
  readonly content: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Display names by account; who is missing goes by the account. */
export type Names = (account: string) => string;

const quoted = (name: string): string => `"${name}"`;
const count = (n: number, one: string, many: string): string => (n === 1 ? `1 ${one}` : `${n} ${many}`);

/** "N people and M organisations", a zero part left out. */
function additions(people: number, orgs: number): string {
  const parts = [
    ...(people > 0 ? [count(people, "person", "people")] : []),
    ...(orgs > 0 ? [count(orgs, "organisation", "organisations")] : []),
  ];
  return parts.join(" and ");
}

interface Addition {
  readonly actor: string;
  /** Accounts that became members, the actor left out. */
  readonly added: readonly string[];
  readonly source: { readonly users: number; readonly orgs: number; readonly channels: number };
}

function membersAdded(names: Names, { actor, added, source }: Addition): SystemMessage {
  const [only] = added;
  const single = source.users === 1 && source.orgs === 0 && source.channels === 0 && added.length === 1;
  const whom = single && only !== undefined ? quoted(names(only)) : additions(added.length, source.orgs);
  return {
    type: "members_added",
    content: `${quoted(names(actor))} added ${whom}`,
    data: { ...source, addedCount: added.length },
  };
}

/** The one or two messages that open a channel. */
export function messagesOfCreation(
  event: RoomEventOf<"room_created">,
  names: Names,
): readonly SystemMessage[] {
  const actor = actedBy(event);
  const others = event.data.members.filter((member) => member.account !== actor);
  const created: SystemMessage = {
    type: "room_created",
    content: `${quoted(names(actor))} created the room`,
    data: { name: event.data.name },
  };
  if (others.length === 0) return [created];
  const source = {
    users: others.filter((member) => member.individual).length,
    orgs: event.data.orgs.length,
    channels: 0,
  };
  return [created, membersAdded(names, { actor, added: others.map(({ account }) => account), source })];
}

export function messageOfAddition(event: RoomEventOf<"members_added">, names: Names): SystemMessage {
  return membersAdded(names, {
    actor: actedBy(event),
    added: event.data.added.map(({ account }) => account),
    source: event.data.source,
  });
}

/** What a removal says; nothing when an org keeps the account in the room. */
export function messageOfRemoval(
  event: RoomEventOf<"members_removed">,
  names: Names,
): SystemMessage | undefined {
  const { cause, account = "", orgId, orgName, removed, promoted } = event.data;
  const actor = quoted(names(actedBy(event)));
  const people = `(${count(removed.length, "person", "people")})`;
  if (cause === "org_removed")
    return {
      type: "org_removed",
      content: `${actor} removed the organisation ${quoted(orgName ?? orgId ?? "")} ${people}`,
      data: { orgId, orgName, removedCount: removed.length },
    };
  if (!removed.includes(account)) return undefined;
  const whom = quoted(names(account));
  switch (cause) {
    case "left":
      return { type: "member_left", content: `${whom} left`, data: { account } };
    case "removed":
      return { type: "member_removed", content: `${actor} removed ${whom}`, data: { account } };
    case "disabled":
      return {
        type: "member_disabled",
        content: `${whom} is no longer available`,
        data: { account, ...(promoted !== undefined && { promoted }) },
      };
  }
}

export const messageOfRename = (event: RoomEventOf<"room_renamed">, names: Names): SystemMessage => ({
  type: "room_renamed",
  content: `${quoted(names(actedBy(event)))} renamed the room to ${quoted(event.data.to)}`,
  data: { name: event.data.to },
});

export function messageOfRestriction(event: RoomEventOf<"room_restricted">, names: Names): SystemMessage {
  const { restricted, externalAccess, owner } = event.data;
  return {
    type: "room_restricted",
    content: `${quoted(names(actedBy(event)))} ${restricted ? "restricted the room" : "lifted the restriction"}`,
    data: { restricted, externalAccess, ...(owner !== undefined && { ownerAccount: owner }) },
  };
}

export const messageOfClosing = (event: RoomEventOf<"room_closed">, names: Names): SystemMessage => ({
  type: "room_closed",
  content: `${quoted(names(actedBy(event)))} closed the room`,
  data: {},
});

export const messageOfPolicy = (event: RoomEventOf<"policy_changed">, names: Names): SystemMessage => ({
  type: "policy_changed",
  content: `${quoted(names(actedBy(event)))} ${
    event.data.rekeyOnJoin ? "had the key change when somebody joins" : "had the key stay when somebody joins"
  }`,
  data: event.data,
});
