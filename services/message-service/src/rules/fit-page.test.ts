import { encodeJson } from "@parley/messaging/publish";
import { describe, expect, it } from "vitest";

import { fitPage } from "./fit-page.ts";

const message = (index: number, content: string) => ({
  messageId: String(index).padStart(20, "0"),
  roomId: "b".repeat(17),
  createdAt: 1000 - index,
  sender: { account: "ann", kind: "person" as const, name: "Ann" },
  content,
});

const pageOf = (count: number, content: string, next?: string) => ({
  messages: Array.from({ length: count }, (_, index) => message(index, content)),
  ...(next !== undefined && { next }),
});

describe("fitPage", () => {
  it("leaves a page that fits as it is, its cursor too", () => {
    expect(fitPage(pageOf(3, "short", "7-x"), 100_000)).toEqual(pageOf(3, "short", "7-x"));
    expect(fitPage(pageOf(3, "short"), 100_000)).not.toHaveProperty("next");
  });

  it("cuts by the bytes of the reply, not by characters, and its cursor names the last message kept", () => {
    const page = fitPage(pageOf(50, "é\u0001".repeat(500)), 20_000);

    expect(encodeJson(page).length).toBeLessThanOrEqual(20_000);
    expect(page.messages.length).toBeGreaterThan(1);
    const last = page.messages.at(-1);
    expect(page.next).toBe(`${last?.createdAt}-${last?.messageId}`);
  });

  it("hands out at least one message, so that a reader gets on", () => {
    expect(fitPage(pageOf(2, "long"), 10).messages).toHaveLength(1);
  });
});
