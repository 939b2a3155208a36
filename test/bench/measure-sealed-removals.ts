import assert from "node:assert/strict";

import { userSubjects, type RoomKeyNotice } from "@parley/contract/notices";

import type { Inspection } from "../cast/inspect-site.ts";
import { enrolDevice, type EnrolledDevice } from "../cast/enrolled-device.ts";
import { openChannel } from "./channels.ts";
import type { Crowd, Person } from "./crowd.ts";
import { hearKeys, removeOnce } from "./measure-removals.ts";
import { sideBySide, spreadOf } from "./measure.ts";
import type { Report } from "./report.ts";

const MEMBERS = 1_000;
const ROUNDS = 12;
const REGISTERING_AT_A_TIME = 16;
/** When the last survivor of a removal is to have its key (ms). */
const LAST_SURVIVOR_MS_MAX = 1_000;

interface Setting {
  readonly crowd: Crowd;
  readonly accounts: readonly string[];
  readonly inspection: Inspection;
  readonly onProgress: (line: string) => void;
}

/** Keeps the last key that a person is sent. */
function lastKeyOf({ connection, siteId: homeSite, account }: Person): () => RoomKeyNotice | undefined {
  let last: RoomKeyNotice | undefined;
  connection.subscribe(userSubjects.roomKey.filter({ homeSite, account }), {
    callback: (_error, message) => {
      last = message.json<RoomKeyNotice>();
    },
  });
  return () => last;
}

/** Gives everybody a device; answers that of `watched`. */
async function enrolEverybody(setting: Setting, watched: Person): Promise<EnrolledDevice> {
  const { accounts, inspection } = setting;
  const { siteId } = watched;
  const enrolled = new Map<string, EnrolledDevice>();
  await sideBySide({ count: accounts.length, inFlight: REGISTERING_AT_A_TIME }, async (number) => {
    const account = accounts[number] ?? "";
    enrolled.set(account, await enrolDevice(inspection, { account, siteId }));
  });
  const device = enrolled.get(watched.account);
  assert(device, "everybody has a device");
  return device;
}

/** A room of 1 000 with a device each: how long until the last survivor of a removal holds the new key, wrapped for it. */
export async function measureSealedRemovals(setting: Setting): Promise<Report> {
  const { crowd, accounts, onProgress } = setting;
  const members = accounts.slice(0, MEMBERS);
  const [first = "", ...others] = members;
  const watched = crowd.person(others[0] ?? "");
  const account = others.at(-1) ?? "";
  const device = await enrolEverybody(setting, watched);
  const lastKey = lastKeyOf(watched);
  const untilHeld = await hearKeys(crowd.people);
  const channel = await openChannel(crowd.person(first), others);
  const durations: number[] = [];
  for (let version = 1; version <= ROUNDS; version += 1) {
    const removal = await removeOnce(channel, { account, version, size: members.length }, untilHeld);
    durations.push(removal.lastSurvivorMs);
  }
  const notice = lastKey();
  assert(notice !== undefined && notice.privateKey === undefined, "keys reach devices wrapped alone");
  assert(device.opens(notice) !== "", "what was wrapped opens");
  onProgress(`${ROUNDS} removals in a room of ${members.length} with a device each`);
  const { p50, p99 } = spreadOf(durations);
  const name = `removal, ${members.length} members with a device each: accepted → last survivor has the key`;
  return {
    figures: [
      { name: `${name}, p50`, value: p50, unit: "ms" },
      {
        name: `${name}, p99`,
        value: p99,
        unit: "ms",
        bar: { of: "value", is: "at most", limit: LAST_SURVIVOR_MS_MAX },
      },
    ],
    growth: [],
    notes: [
      "Removals with devices: room-worker has met every device before, with the room's first key; meeting them costs what is told of 1000 new devices.",
    ],
  };
}
