import { randomUUID } from "node:crypto";

import { canonicalSubjects, messageFilter } from "@parley/contract/events";
import { uuidV7 } from "@parley/contract/ids";
import { describe, expect } from "vitest";

import { newRoomId, newSiteId, test } from "../test/site.ts";
import { encodeJson, publishToStream, type StreamPublish } from "./publish.ts";
import { traceOf } from "./trace.ts";

const publishOf = (siteId: string, fields: Partial<StreamPublish> = {}): StreamPublish => ({
  subject: canonicalSubjects.messageAppend.of({ siteId, roomId: newRoomId(), type: "created" }),
  payload: encodeJson({}),
  messageId: randomUUID(),
  trace: traceOf(undefined, uuidV7()),
  ...fields,
});

describe("publishToStream", () => {
  // R4
  test("refuses a publish without a Nats-Msg-Id", async ({ site: { broker, siteId } }) => {
    const publishing = publishToStream(broker, publishOf(siteId, { messageId: "" }));

    await expect(publishing).rejects.toThrow("a stream publish needs a Nats-Msg-Id");
  });

  test("is `store_unavailable` where no stream takes the message", async ({ site: { broker } }) => {
    const publishing = publishToStream(broker, publishOf(newSiteId()));

    await expect(publishing).rejects.toMatchObject({ name: "Failure", reason: "store_unavailable" });
  });

  test("lets the broker's answer to an expectation through", async ({ site: { broker, siteId } }) => {
    const roomId = newRoomId();
    const subject = canonicalSubjects.messageAppend.of({ siteId, roomId, type: "created" });
    const expectNone = { filter: messageFilter({ siteId, roomId }), lastSequence: 0 };

    await publishToStream(broker, publishOf(siteId, { subject, expect: expectNone }));
    const second = publishToStream(broker, publishOf(siteId, { subject, expect: expectNone }));

    await expect(second).rejects.toMatchObject({ name: "JetStreamApiError", code: 10_071 });
  });
});
