import { LIMITS } from "@parley/contract/limits";
import { expect, test } from "vitest";

import { isRotationDue } from "./is-rotation-due.ts";

const AT = 1_750_000_000_000;
const rekeyDue = { at: AT };

// R124
test.each([
  ["a room of which no device was revoked", {}, false],
  ["one whose key changed for a device before", { dueRotatedAt: 1 }, false],
  ["one of which a device was revoked", { rekeyDue }, true],
  ["one whose key changed so a moment ago", { rekeyDue, dueRotatedAt: AT }, false],
  ["one within ten minutes", { rekeyDue, dueRotatedAt: AT - LIMITS.dueRotationPauseMs + 1 }, false],
  ["one after ten minutes", { rekeyDue, dueRotatedAt: AT - LIMITS.dueRotationPauseMs }, true],
])("a rotation of %s: %o → %s", (_what, room, due) => {
  expect(isRotationDue(room, AT)).toBe(due);
});
