import type { Msg } from "@nats-io/nats-core";
import { type RoomEvent, roomEvent } from "@parley/contract/messages";
import {
  type RoomKeyNotice,
  roomKeyNotice,
  type SubscriptionUpdate,
  subscriptionUpdate,
  userSubjects,
} from "@parley/contract/notices";
import { jobResult, type JobResult } from "@parley/contract/room-requests";

/** A body with the site that sent it. */
interface From<T> {
  readonly fromSite: string;
  readonly body: T;
}

/** Readers of what arrives for one account; each throws when a message is not what its subject promises. */
export const received = {
  update: (message: Msg): From<SubscriptionUpdate> => ({
    fromSite: userSubjects.subscriptionUpdate.parse(message.subject).fromSite,
    body: subscriptionUpdate.parse(message.json()),
  }),

  key: (message: Msg): From<RoomKeyNotice> => ({
    fromSite: userSubjects.roomKey.parse(message.subject).fromSite,
    body: roomKeyNotice.parse(message.json()),
  }),

  /** Of a dm or agentDm, on the account's own subject. */
  directRoomEvent: (message: Msg): From<RoomEvent> => ({
    fromSite: userSubjects.room.parse(message.subject).fromSite,
    body: roomEvent.parse(message.json()),
  }),

  /** Of a channel, on the room's subjects, which only its home site may publish. */
  channelEvent: (message: Msg): RoomEvent => roomEvent.parse(message.json()),

  jobResult(message: Msg): From<JobResult> {
    const { fromSite, requestId } = userSubjects.response.parse(message.subject);
    const body = jobResult.parse(message.json());
    if (body.requestId !== requestId) throw new Error("a job result under the subject of another request");
    return { fromSite, body };
  },
};
