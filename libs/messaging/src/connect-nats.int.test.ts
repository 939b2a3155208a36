import { describe, expect, inject } from "vitest";

import { connectTo, test } from "../test/site.ts";
import { connectNats, UnfitServer } from "./connect-nats.ts";

describe("connectNats", () => {
  test("knows the broker's largest payload and whether it is connected", async () => {
    const broker = await connectTo();

    expect(broker.payloadBytesMax).toBe(1_048_576);
    expect([broker.connected(), broker.disconnects()]).toEqual([true, 0]);
    await broker.close();
    expect(broker.connected()).toBe(false);
  });

  test("refuses a broker of another JetStream domain and says how to make it fit", async () => {
    const connecting = connectNats({
      url: inject("natsUrl"),
      name: "test",
      inboxPrefix: "_INBOX.test",
      domain: "elsewhere",
    });

    await expect(connecting).rejects.toBeInstanceOf(UnfitServer);
    await expect(connecting).rejects.toThrow("set it, or NATS_DOMAIN, to elsewhere");
  });
});
