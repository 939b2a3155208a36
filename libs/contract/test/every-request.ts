import * as devices from "../src/devices.ts";
import * as directory from "../src/directory.ts";
import * as messageRequests from "../src/message-requests.ts";
import * as messages from "../src/messages.ts";
import * as ownState from "../src/own-state.ts";
import type { AnyRequest } from "../src/request.ts";
import * as rooms from "../src/room-requests.ts";
import * as servers from "../src/server-requests.ts";

const isRequest = (value: unknown): value is AnyRequest =>
  typeof value === "object" && value !== null && "operation" in value && "subject" in value;

/** Every request that the contract declares, so that none can be left out of a rule. */
export const everyRequest: readonly AnyRequest[] = [
  devices,
  directory,
  messages,
  messageRequests,
  ownState,
  rooms,
  servers,
]
  .flatMap((module) => Object.values<unknown>(module))
  .filter(isRequest);
