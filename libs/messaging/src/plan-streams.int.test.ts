import { inboxSources, streamDeclarations } from "@parley/contract/streams";
import { describe, expect } from "vitest";

import { newSiteId, test } from "../test/site.ts";
import { declareStreams } from "./declare-streams.ts";
import { applyStreams, planStreams } from "./plan-streams.ts";

const NOTHING = { create: [], change: [], byHand: [] };

describe("applyStreams", () => {
  test("creates what is missing, with its sources, and finds nothing to do from then on", async ({
    site: { broker },
  }) => {
    const siteId = newSiteId();
    const { INBOX, DEAD } = streamDeclarations(siteId);
    const wanted = [{ declared: INBOX, sources: inboxSources(siteId, ["beta"]) }, { declared: DEAD }];

    const plan = await planStreams(broker, wanted);
    expect(plan).toEqual({ ...NOTHING, create: wanted });
    await applyStreams(broker, plan);

    expect(await planStreams(broker, wanted)).toEqual(NOTHING);
    const { config } = await broker.manager.streams.info(INBOX.name);
    expect(config.sources?.map(({ name }) => name)).toEqual(["OUTBOX_beta"]);
  });

  test("makes INBOX take from exactly the peers, whoever came or went", async ({ site: { broker } }) => {
    const siteId = newSiteId();
    const { INBOX: declared } = streamDeclarations(siteId);
    for (const peers of [["beta"], ["beta", "gamma"], ["gamma"], []]) {
      const wanted = [{ declared, sources: inboxSources(siteId, peers) }];
      await applyStreams(broker, await planStreams(broker, wanted));

      const { config } = await broker.manager.streams.info(declared.name);
      expect((config.sources ?? []).map(({ name }) => name)).toEqual(peers.map((peer) => `OUTBOX_${peer}`));
      expect(await planStreams(broker, wanted)).toEqual(NOTHING);
    }
  });

  test("keeps longer and takes more subjects, but leaves to a person what could cost messages", async ({
    site: { broker },
  }) => {
    const { DEAD } = streamDeclarations(newSiteId());
    const [dead = ""] = DEAD.subjects;
    const [shorter, longer] = [1e12, 2e12];
    await declareStreams(broker, { owned: [{ ...DEAD, max_age: longer }], used: [], create: true });
    const plans = {
      more: await planStreams(broker, [
        { declared: { ...DEAD, max_age: longer, subjects: [dead, `more.${dead}`] } },
      ]),
      forEver: await planStreams(broker, [{ declared: { ...DEAD, max_age: 0 } }]),
      less: await planStreams(broker, [{ declared: { ...DEAD, max_age: shorter, discard: "old" } }]),
    };
    expect(plans.more).toMatchObject({ ...NOTHING, change: [{ field: "subjects" }] });
    expect(plans.forEver).toEqual({
      ...NOTHING,
      change: [{ stream: DEAD.name, field: "max_age", declared: 0, found: longer }],
    });
    expect(plans.less.change).toEqual([]);
    expect(plans.less.byHand.map(({ field }) => field).toSorted()).toEqual(["discard", "max_age"]);

    await applyStreams(broker, plans.less);
    expect((await broker.manager.streams.info(DEAD.name)).config).toMatchObject({
      max_age: longer,
      discard: "new",
    });
    await applyStreams(broker, plans.forEver);
    expect((await broker.manager.streams.info(DEAD.name)).config).toMatchObject({ ...DEAD, max_age: 0 });
  });
});
