import type { z } from "zod";

import { subject, type Subject } from "./subject.ts";

/**
 * Whose site is asked (SPEC-rooms 1.1): `home` of the room; the caller's `own`; `nearest`: own first, then home;
 * `server`: a process of a site asks another.
 */
type AskedSite = "home" | "own" | "nearest" | "server";

/** One request of the contract: where it is sent, what it takes and what it answers. */
export interface RequestDeclaration<T extends string, B extends z.ZodType, R extends z.ZodType> {
  /** Its name in job results, metrics and logs. */
  readonly operation: string;
  readonly asks: AskedSite;
  /** Commands append an event and count against the account's command rate. */
  readonly command: boolean;
  readonly subject: Subject<T>;
  readonly body: B;
  readonly reply: R;
}

interface Declared<T extends string, B extends z.ZodType, R extends z.ZodType> {
  readonly operation: string;
  readonly asks: AskedSite;
  readonly command?: boolean;
  readonly template: T;
  readonly body: B;
  readonly reply: R;
}

/** Declares a request; its subject is built from the template. */
export const declareRequest = <const T extends string, B extends z.ZodType, R extends z.ZodType>(
  declared: Declared<T, B, R>,
): RequestDeclaration<T, B, R> => ({
  operation: declared.operation,
  asks: declared.asks,
  command: declared.command ?? false,
  subject: subject(declared.template),
  body: declared.body,
  reply: declared.reply,
});

// oxlint-disable-next-line typescript/no-explicit-any -- the one place that stands for "some request"
export type AnyRequest = RequestDeclaration<any, any, any>;
