import { traceOf } from "@parley/messaging/trace";
import { freshContentKey } from "@parley/room-crypto/content-key";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { expect, test } from "vitest";

import { getContentKeyEndpoint } from "./get-content-key.ts";

const roomId = "r".repeat(17);
const requestId = "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f";

/** Asks as beta, whose accounts have rows as told and are in no log. */
function ask({ hasRows }: { hasRows: boolean }) {
  const steps: string[] = [];
  const endpoint = getContentKeyEndpoint({
    siteId: "alpha",
    contentKeys: {
      async find() {
        steps.push("key");
        return { status: "key", key: freshContentKey(nodeSuite, roomId) };
      },
    },
    subscriptions: {
      async hasMemberOf() {
        steps.push("rows");
        return hasRows;
      },
    },
    roomLog: {
      async current() {
        steps.push("log");
        return undefined;
      },
    },
  });
  if (endpoint.kind !== "server") throw new Error("a site asks");
  const answer = endpoint.handle({
    tokens: { siteId: "alpha", fromSite: "beta" },
    body: { roomId },
    fromSite: "beta",
    requestId,
    trace: traceOf(undefined, requestId),
    elapsedMs: () => 0,
  });
  return { steps, answer };
}

test("a site without a member costs no load of the room", async () => {
  const { steps, answer } = ask({ hasRows: false });

  await expect(answer).rejects.toMatchObject({ reason: "site_not_participating" });
  expect(steps).toEqual(["key", "rows"]);
});

test("who takes part is asked after the key was read, and the log has the last word", async () => {
  const { steps, answer } = ask({ hasRows: true });

  await expect(answer).rejects.toMatchObject({ reason: "site_not_participating" });
  expect(steps).toEqual(["key", "rows", "log"]);
});
