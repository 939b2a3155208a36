import { describe, expect, test } from "vitest";

import { momentCursor } from "./moment-cursor.ts";

describe("momentCursor", () => {
  test("reads back what it wrote, whatever the id holds", () => {
    const place = { at: 1_750_000_000_000, id: "ann-marie ☃" };
    expect(momentCursor.parse(momentCursor.of(place), "after")).toEqual(place);
  });

  test.each(["", "ann", "12", "12-", "-ann", "99999999999999999-ann", "9999999999999999-ann", "1e3-ann"])(
    "refuses %j as an invalid request that names the field",
    (text) => {
      expect(() => momentCursor.parse(text, "before")).toThrow(
        expect.objectContaining({
          reason: "invalid_request",
          metadata: { issues: [{ path: "before", message: expect.any(String) }] },
        }),
      );
    },
  );
});
