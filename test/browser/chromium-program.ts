import { findBinary, findProvisioned, type Binary } from "@parley/local-stack/find-binary";

/** The client library has `Symbol.asyncDispose`, which came with 134. */
const CHROMIUM: Binary = { name: "chromium", variable: "PARLEY_CHROMIUM", versionFloor: [134, 0] };

/**
 * The Chromium that the environment names, else the first on PATH, else the one that `make test` provided.
 * @throws when there is none; the message says how to get one
 */
export function requireChromium(): string {
  const program = findBinary(CHROMIUM) ?? findProvisioned(CHROMIUM);
  if (program === undefined)
    throw new Error(
      'Chromium 134 or newer was not found. "make browser" provides it on Debian; or install it on PATH, or name ' +
        "the program in PARLEY_CHROMIUM (Google Chrome does as well).",
    );
  return program;
}
