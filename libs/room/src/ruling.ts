import type { EventData, EventType } from "@parley/contract/events";

/** What a rule wants recorded; the envelope around it is the same for every command. */
export type EventDraft = {
  readonly [T in EventType]: { readonly type: T; readonly data: EventData<T> };
}[EventType];

/** What a rule says: an event to append, or that there is nothing to append. A refusal is thrown. */
export type Ruling = EventDraft | "unchanged" | "exists";
