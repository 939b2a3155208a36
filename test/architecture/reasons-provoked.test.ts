import { posix } from "node:path";

import { type FailureReason, REASONS } from "@parley/contract/failure";
import { expect, test } from "vitest";

import { DEVICE_PROVOCATIONS } from "../cast/provocations-devices.ts";
import { SETTINGS_PROVOCATIONS } from "../cast/provocations-settings.ts";
import { LIMIT_PROVOCATIONS } from "../cast/provocations-limits.ts";
import { MEMBER_PROVOCATIONS } from "../cast/provocations-members.ts";
import { REQUEST_PROVOCATIONS } from "../cast/provocations-requests.ts";
import { STORE_PROVOCATIONS } from "../cast/provocations-stores.ts";
import { TAMPERED_PROVOCATIONS } from "../cast/provocations-tampered.ts";
import { filesMatching, sourceFiles } from "./source-files.ts";

/** Each is run by a system test, through the client library. */
const TABLES = [
  REQUEST_PROVOCATIONS,
  MEMBER_PROVOCATIONS,
  LIMIT_PROVOCATIONS,
  STORE_PROVOCATIONS,
  TAMPERED_PROVOCATIONS,
  SETTINGS_PROVOCATIONS,
  DEVICE_PROVOCATIONS,
];

/** Reasons of requests that do not exist yet. */
const NO_REQUEST: readonly FailureReason[] = [
  "message_deleted",
  "pin_limit_reached",
  "large_room_post_restricted",
];

/** Reasons that no client is told, only a process of another site or of the same, and the test that produces each. */
const NO_CLIENT: Readonly<Partial<Record<FailureReason, string>>> = {
  site_not_participating: "test/system/hostile-peer.system.test.ts",
  room_not_found: "services/room-service/test/lost-keys.int.test.ts",
};

const provoked = new Set(TABLES.flatMap((table) => Object.keys(table)));
const excepted = [...NO_REQUEST, ...Object.keys(NO_CLIENT)];

// R6
test("every reason of the catalogue is provoked by a test, or it is said why not", () => {
  const reasons = Object.keys(REASONS);

  expect(reasons.filter((reason) => !provoked.has(reason)).toSorted()).toEqual(excepted.toSorted());
});

test("a reason that no client is told is produced by the test that is named for it", () => {
  const missing = Object.entries(NO_CLIENT).filter(
    ([reason, file]) => !sourceFiles.find(({ path }) => path === file)?.text.includes(`"${reason}"`),
  );

  expect(missing).toEqual([]);
});

test("every table of provocations is run by a system test and counted here", () => {
  const importers = sourceFiles.filter(({ path }) =>
    /^test\/(?:system\/reasons-[^/]+\.system|architecture\/reasons-provoked)\.test\.ts$/.test(path),
  );
  const tables = filesMatching("test/cast/provocations-*.ts").map((path) => posix.basename(path));
  const timesImported = tables.map(
    (table) =>
      importers.filter(({ imports }) => imports.some(({ specifier }) => specifier === `../cast/${table}`))
        .length,
  );

  expect(tables).toHaveLength(TABLES.length);
  expect(timesImported).toEqual(tables.map(() => 2));
});
