/** Why a sealed body does not open: malformed or changed (`corrupt`), or sealed in a way unknown here (`unknown`). */
export type OpenErrorReason = "corrupt" | "unknown";

const TEXT: Readonly<Record<OpenErrorReason, string>> = {
  corrupt: "the sealed body is malformed, was changed or belongs to another key, event or device",
  unknown: "the sealed body uses an algorithm that is not known here",
};

/** A sealed body that cannot be opened. It carries no part of the body. */
export class OpenError extends Error {
  override readonly name = "OpenError";
  readonly reason: OpenErrorReason;

  constructor(reason: OpenErrorReason) {
    super(TEXT[reason]);
    this.reason = reason;
  }
}
