import { streamDeclarations, streamName } from "@parley/contract/streams";
import { describe, expect } from "vitest";

import { newSiteId, test } from "../test/site.ts";
import { declareStreams, StreamsDiffer } from "./declare-streams.ts";

/** What a refused start says. */
const refusal = async (declaring: Promise<void>): Promise<StreamsDiffer> => {
  const error: unknown = await declaring.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StreamsDiffer);
  return error as StreamsDiffer;
};

describe("declareStreams", () => {
  test("creates what the process owns, exactly as declared, and finds it equal from then on", async ({
    site: { broker },
  }) => {
    const owned = Object.values(streamDeclarations(newSiteId()));

    await declareStreams(broker, { owned, used: [], create: true });
    await declareStreams(broker, { owned: [], used: owned, create: false });

    for (const declared of owned)
      expect((await broker.manager.streams.info(declared.name)).config).toMatchObject(declared);
  });

  test("creates nothing that others own, and nothing at all unless it is told to", async ({
    site: { broker },
  }) => {
    const siteId = newSiteId();
    const { ROOMS, DEAD } = streamDeclarations(siteId);

    const unasked = await refusal(declareStreams(broker, { owned: [ROOMS], used: [], create: false }));
    const foreign = await refusal(declareStreams(broker, { owned: [ROOMS], used: [DEAD], create: true }));

    expect(unasked.message).toContain(`${ROOMS.name}: does not exist`);
    expect(foreign.message).toContain(`${DEAD.name}: does not exist`);
    expect(foreign.onlyMissing).toBe(true);
    await expect(broker.manager.streams.info(streamName("DEAD", siteId))).rejects.toThrow("stream not found");
  });

  // R94
  test("refuses a stream that differs, says where, and changes nothing", async ({ site: { broker } }) => {
    const { DEAD } = streamDeclarations(newSiteId());
    const other = { ...DEAD, max_age: 60_000_000_000, duplicate_window: 60_000_000_000, num_replicas: 1 };
    await declareStreams(broker, { owned: [other], used: [], create: true });

    const error = await refusal(declareStreams(broker, { owned: [DEAD], used: [], create: true }));

    expect(error.onlyMissing).toBe(false);
    expect(error.message).toContain(`${DEAD.name}.max_age: declared 0, found 60000000000`);
    expect(error.message).toContain(
      `${DEAD.name}.duplicate_window: declared 120000000000, found 60000000000`,
    );
    expect((await broker.manager.streams.info(DEAD.name)).config).toMatchObject(other);
  });
});
