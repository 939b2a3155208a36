import type { ClientEvent } from "@parley/client/client";

type Telling = { readonly [T in ClientEvent["type"]]?: (event: Extract<ClientEvent, { type: T }>) => string };

/** How an event reads in the demo's output; what is not here is not worth a line. */
const WORDS: Telling = {
  added: ({ room }) => `is in "${room.name}" now, ${room.memberCount} members`,
  removed: ({ by }) => `is out of the room, told by ${by ?? "nobody"}`,
  role_changed: ({ account, role }) => `learns that ${account} is ${role} now`,
  key: ({ version }) => `holds key v${version}`,
  message: ({ message: { system, sender, content } }) =>
    system ? `reads: ${content}` : `opens ${sender.name}: ${content}`,
  unopened: ({ version, reason }) => `cannot open an event of key v${version}: ${reason}`,
  members_removed: ({ accounts }) => `learns that ${accounts.join(", ")} left the room`,
};

/** A line for the demo's output, if the event deserves one. */
export const wordsFor = (event: ClientEvent): string | undefined =>
  (WORDS[event.type] as ((event: ClientEvent) => string) | undefined)?.(event);
