import { setTimeout as delay } from "node:timers/promises";

import { startStack, type Stack } from "@parley/local-stack/stack";

import type { ClientEvent } from "@parley/client/client";

import { enter, type EnterOptions } from "../cast/actor.ts";
import { compareRosters, enrol, joinLater, loseKeys, losePhone, type Vault } from "./devices.ts";
import { delegate, meet, read, rename, staff, type Office } from "./every-day.ts";
import { replay } from "./replay.ts";
import { CheckFailed, createStage, writeReport, type Stage } from "./stage.ts";
import { killMidRemoval, leaveTogether, openRoom, QUICK, removeBob, talk, type Setting } from "./story.ts";
import { compareSites, cutLink, killBeta, openBridge, type Abroad } from "./two-sites.ts";
import { wordsFor } from "./words.ts";

/** Nothing in the story takes this long; whatever does is a fault (ms). */
const PATIENCE_MS = 120_000;

async function play(stage: Stage, stack: Stack): Promise<void> {
  const site = stack.site("alpha");
  await using people = new AsyncDisposableStack();
  const come = async (account: string, home = site, options: EnterOptions = {}) => {
    const tell = (event: ClientEvent): void => {
      const words = wordsFor(event);
      if (words !== undefined) stage.saw(options.device?.name ?? account, words);
    };
    return people.use(await enter(home, account, { tell, ...options }));
  };
  const cast = {
    ann: await come("ann"),
    bob: await come("bob"),
    carol: await come("carol"),
    dave: await come("dave"),
    eve: await come("eve"),
    scribe: await come("scribe"),
  };
  const setting: Setting = { stage, site, cast };
  const room = await openRoom(setting);
  await talk(setting, room);
  await removeBob(setting, room);
  const twins = await leaveTogether(setting);
  await killMidRemoval(setting, room);
  await replay(stage, site, { ...room, name: "Launch" });
  await replay(stage, site, { ...twins, name: "Twins" });

  const beta = stack.site("beta");
  const abroad: Abroad = {
    stage,
    stack,
    ann: cast.ann,
    bob: cast.bob,
    judy: await come("judy", beta),
    kim: await come("kim", beta),
  };
  const bridge = await openBridge(abroad);
  await killBeta(abroad, bridge);
  await cutLink(abroad, bridge);
  await compareSites(stage, stack, bridge);
  await everyDay({ stage, stack, ...cast, judy: abroad.judy });
  await guard({
    stage,
    stack,
    ann: cast.ann,
    come: (name, home, options) => come(name, stack.site(home), options),
  });
}

/** Third act: keys are made for devices, and lost. */
async function guard(vault: Vault): Promise<void> {
  const opened = await enrol(vault);
  await compareRosters(vault, opened);
  await losePhone(vault, opened);
  await joinLater(vault, opened);
  await loseKeys(vault, opened);
  await compareSites(vault.stage, vault.stack, opened.room);
}

/** Second act: nothing fails, people and an agent do what they do every day. */
async function everyDay(office: Office): Promise<void> {
  await meet(office);
  const room = await staff(office);
  await delegate(office);
  await rename(office, room);
  await read(office, room);
  await compareSites(office.stage, office.stack, room);
}

async function run(stage: Stage): Promise<void> {
  const worker = { environment: QUICK };
  await using stack = await startStack({
    sites: 2,
    directory: "deploy/local/federation.jsonl",
    processes: {
      "room-service": {},
      "room-worker": worker,
      "inbox-worker": worker,
      "message-service": worker,
      "broadcast-worker": worker,
    },
    onProgress: (line) => stage.line(line),
  });
  const given = AbortSignal.timeout(PATIENCE_MS);
  const late = delay(PATIENCE_MS, undefined, { ref: false }).then(() => {
    throw new Error(`the story did not end within ${PATIENCE_MS / 1000} s`, { cause: given.reason });
  });
  await Promise.race([play(stage, stack), late]);
}

const stage = createStage((text) => process.stdout.write(text));
const startedAt = performance.now();
try {
  stage.scene("Two sites start, each with NATS, Valkey, MongoDB and five processes");
  await run(stage);
  writeReport(stage, { ok: true, tookMs: performance.now() - startedAt });
  stage.scene(`demo: ok (${stage.checks.length} checks)`);
} catch (error) {
  writeReport(stage, { ok: false, tookMs: performance.now() - startedAt });
  const what = error instanceof CheckFailed ? `this does not hold: ${error.message}` : String(error);
  process.stderr.write(`\ndemo: failed, ${what}\nSee .local/demo/report.json.\n`);
  process.exitCode = 1;
}
