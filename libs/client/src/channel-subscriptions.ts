import type { Msg, NatsConnection, Subscription } from "@nats-io/nats-core";
import type { RoomEvent } from "@parley/contract/messages";
import { roomSubjects } from "@parley/contract/notices";

import type { RoomReference } from "./client-events.ts";
import { received } from "./received.ts";

/** What this client listens to: the subjects of its channels. */
export interface ChannelSubscriptions {
  /** Takes effect at the broker with the connection's next flush. */
  add(room: RoomReference): void;
  remove(roomId: string): void;
}

interface ChannelSubscriptionsDeps {
  readonly connection: NatsConnection;
  /** Takes what arrives; `read` throws when it is no event of the room whose subject it came on. */
  readonly onEvent: (read: () => RoomEvent) => void;
  readonly onError: (error: Error) => void;
}

function eventOf(room: RoomReference, message: Msg): RoomEvent {
  const event = received.channelEvent(message);
  if (event.roomId === room.roomId && event.siteId === room.siteId) return event;
  throw new Error("an event under the subject of another room");
}

export function createChannelSubscriptions(deps: ChannelSubscriptionsDeps): ChannelSubscriptions {
  const channels = new Map<string, readonly Subscription[]>();
  return {
    add({ roomId, siteId }) {
      if (channels.has(roomId)) return;
      const callback = (error: Error | null, message: Msg): void => {
        if (error) deps.onError(error);
        else deps.onEvent(() => eventOf({ roomId, siteId }, message));
      };
      const subjects = [roomSubjects.event, roomSubjects.member, roomSubjects.typing];
      channels.set(
        roomId,
        subjects.map((subject) => deps.connection.subscribe(subject.of({ siteId, roomId }), { callback })),
      );
    },
    remove(roomId) {
      for (const subscription of channels.get(roomId) ?? []) subscription.unsubscribe();
      channels.delete(roomId);
    },
  };
}
