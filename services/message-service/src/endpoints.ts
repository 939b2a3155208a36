import type { MessageBodies } from "@parley/content-keys/message-bodies";
import { LIMITS } from "@parley/contract/limits";
import { type AccountRate, createAccountRate } from "@parley/messaging/account-rate";
import type { Broker } from "@parley/messaging/connect-nats";
import type { Endpoint } from "@parley/messaging/endpoint";
import { publishToStream } from "@parley/messaging/publish";
import type { SiteClock } from "@parley/messaging/site-clock";
import type { MessageChangeStore, MessageStore } from "@parley/mongo/message-store";

import { createAcceptChange } from "./accept-change.ts";
import type { ApplyChange } from "./apply-change.ts";
import type { Config } from "./config.ts";
import { deleteMessageEndpoint } from "./endpoints/delete-message.ts";
import { editMessageEndpoint } from "./endpoints/edit-message.ts";
import { getMessagesEndpoint } from "./endpoints/get-messages.ts";
import { listAroundEndpoint } from "./endpoints/list-around.ts";
import { listHistoryEndpoint } from "./endpoints/list-history.ts";
import { listNextEndpoint } from "./endpoints/list-next.ts";
import { listThreadEndpoint } from "./endpoints/list-thread.ts";
import { pinMessageEndpoint } from "./endpoints/pin-message.ts";
import { reactToMessageEndpoint } from "./endpoints/react-to-message.ts";
import { sendMessageEndpoint } from "./endpoints/send-message.ts";
import { createKeyFloor } from "./key-floor.ts";
import type { Projection } from "./projection.ts";

interface Deps {
  readonly config: Config;
  readonly broker: Broker;
  readonly siteId: string;
  readonly clock: Pick<SiteClock, "now">;
  readonly messages: MessageStore;
  readonly bodies: MessageBodies;
  readonly changes: MessageChangeStore;
  readonly applyChange: ApplyChange;
  readonly project: Projection;
}

/** A second's worth at once. */
const rateOf = (perSecond: number): Parameters<AccountRate["take"]>[1] => ({ perSecond, burst: perSecond });

/** Every request that message-service answers. */
export function messageEndpoints(deps: Deps): readonly Endpoint[] {
  const { config, broker } = deps;
  const reading = { ...deps, replyBytesMax: broker.payloadBytesMax - LIMITS.replyMarginBytes };
  const changing = { ...deps, accept: createAcceptChange(deps) };
  return [
    sendMessageEndpoint({
      ...deps,
      keyFloor: createKeyFloor(deps),
      accountRate: createAccountRate(),
      rates: {
        person: rateOf(config.rateMessagesPerSecond),
        agent: rateOf(config.agentRateMessagesPerSecond),
      },
      largeRoomThreshold: config.largeRoomThreshold,
      publish: (of) => publishToStream(broker, of),
    }),
    editMessageEndpoint(changing),
    deleteMessageEndpoint(changing),
    reactToMessageEndpoint(changing),
    pinMessageEndpoint({ ...changing, pinLimit: config.pinLimit }),
    listHistoryEndpoint(reading),
    listNextEndpoint(reading),
    listAroundEndpoint(reading),
    listThreadEndpoint(reading),
    getMessagesEndpoint(reading),
  ];
}
