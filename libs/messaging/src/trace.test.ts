import { headers } from "@nats-io/nats-core";
import { HEADERS } from "@parley/contract/headers";
import { describe, expect, it } from "vitest";

import { traceHeaders, traceOf } from "./trace.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("a trace", () => {
  // R4
  it("is passed on as it came, its state too", () => {
    const received = headers();
    received.set(HEADERS.traceParent, PARENT);
    received.set(HEADERS.traceState, "vendor=1");

    const passed = traceHeaders(traceOf(received, "the request"));

    expect(passed.get(HEADERS.traceParent)).toBe(PARENT);
    expect(passed.get(HEADERS.traceState)).toBe("vendor=1");
    expect(passed.get(HEADERS.requestId)).toBe("the request");
  });

  it("is begun where there is none, or none that is well-formed", () => {
    const malformed = headers();
    malformed.set(HEADERS.traceParent, "00-XYZ-1-01");

    for (const received of [undefined, malformed])
      expect(traceOf(received, "").traceParent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });
});
