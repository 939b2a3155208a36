import { describe, expect, test } from "vitest";

import { packageNameOf, productFiles, sourceFiles, type SourceFile } from "./source-files.ts";

const pathsOf = (files: readonly SourceFile[]): readonly string[] => files.map(({ path }) => path);

/** The text without line comments and block comments. */
const codeOf = (text: string): string =>
  text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(?<=^|\s)\/\/.*$/gm, "");

// A bare `nak()` ignores the consumer's backoff, and a message acknowledged by accident is lost for good: one file
// knows how, everything else says what it wants.
test("only settle.ts settles stream messages", () => {
  const settling = productFiles.filter(({ text }) =>
    /\.(?:ack|ackAck|nak|term|working)\(/.test(codeOf(text)),
  );

  expect(pathsOf(settling)).toEqual(["libs/messaging/src/settle.ts"]);
});

// Configuration is parsed and checked together before any connection opens; a variable read elsewhere is neither
// checked nor documented. The local stack looks for servers and hands its own environment on.
test("only config.ts reads the environment", () => {
  const reading = productFiles
    .filter(({ path }) => !path.endsWith("/config.ts") && !path.startsWith("libs/local-stack/"))
    .filter(({ text, imports }) => {
      const imported = imports.some(({ specifier }) => specifier === "node:process");
      return (
        imported || /\bprocess\s*(?:\.\s*env\b|\[)|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/.test(codeOf(text))
      );
    });

  expect(pathsOf(reading)).toEqual([]);
});

/** Which packages may import what talks to a server or to the SDK, so that each can be replaced behind its port. */
const TECHNOLOGIES: Readonly<Record<string, readonly string[]>> = {
  mongodb: ["@parley/mongo"],
  iovalkey: ["@parley/valkey"],
  "@nats-io/transport-node": ["@parley/messaging", "@parley/client"],
  "@nats-io/nats-core": ["@parley/messaging", "@parley/client"],
  // The room log reads stored messages in ways that only it needs.
  "@nats-io/jetstream": ["@parley/messaging", "@parley/room-log"],
  "@opentelemetry/api": ["@parley/telemetry"],
  "@opentelemetry/sdk-metrics": ["@parley/telemetry"],
  "@noble/curves": ["@parley/room-crypto"],
  "@noble/ciphers": ["@parley/room-crypto"],
  bson: ["@parley/embedded-mongo"],
  mingo: ["@parley/embedded-mongo"],
};

test.each(Object.entries(TECHNOLOGIES))("%s is imported only by %j", (technology, owners) => {
  const importing = productFiles
    .filter(({ package: { name } }) => !owners.includes(name))
    .filter(({ imports }) => imports.some(({ specifier }) => packageNameOf(specifier) === technology));

  expect(pathsOf(importing)).toEqual([]);
});

// A subject is declared once, with its tokens and their checks; a literal goes past the check and drifts. The broker's
// permissions are subjects with wildcards at places that no request has.
test("subjects are written only in the contract and in the broker's permissions", () => {
  const writing = productFiles
    .filter(
      ({ path }) => !path.startsWith("libs/contract/") && path !== "libs/local-stack/src/permissions.ts",
    )
    .filter(({ text }) => /["'`](?:chat|outbox|inbox|dead|lane|_INBOX)\.[\w$*>{]/.test(codeOf(text)));

  expect(pathsOf(writing)).toEqual([]);
});

test("names of streams are written only in the contract", () => {
  const writing = productFiles
    .filter(({ path }) => !path.startsWith("libs/contract/"))
    .filter(({ text }) => /["'`](?:ROOMS|MESSAGES_CANONICAL|OUTBOX|INBOX|DEAD)_/.test(codeOf(text)));

  expect(pathsOf(writing)).toEqual([]);
});

// Time, chance and text on the wire meet the tests of each process through these; a test that cannot find any of them
// would be green for the wrong reason.
describe("what the rules above look for", () => {
  test("exists in the files they allow", () => {
    expect(pathsOf(productFiles)).toEqual(
      expect.arrayContaining(["libs/messaging/src/settle.ts", "libs/local-stack/src/permissions.ts"]),
    );
    expect(sourceFiles.some(({ text }) => text.includes('"chat.'))).toBe(true);
  });
});
