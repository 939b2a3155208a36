import { anything, assert, constantFrom, oneof, property, record, string, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";

import type { CryptoSuite } from "./crypto-suite.ts";
import { nodeSuite } from "./node-suite.ts";
import { OpenError } from "./open-error.ts";
import { createOpener, open, type OpenInput } from "./opener.ts";
import { portableSuite } from "./portable-suite.ts";
import { COMMITTED_ALGORITHM, parseSealed, type Sealed, UNCOMMITTED_ALGORITHM } from "./sealed.ts";
import { createSealer } from "./sealer.ts";

const room = nodeSuite.generatePair();
const context = { roomId: "room", type: "message_created", id: "message", at: 1_750_000_002_000 };
const plaintext = new TextEncoder().encode('{"content":"hello"}');
const sealer = createSealer({ suite: nodeSuite, now: () => 0 });
const sealedBody = (version = 3) =>
  sealer.seal({ ...context, version, publicKey: room.publicKey, plaintext });
const input = (change: Partial<OpenInput> = {}): OpenInput => ({
  ...context,
  sealed: sealedBody(),
  privateKey: room.privateKey,
  ...change,
});

function counted(): { suite: CryptoSuite; derivations: () => number } {
  let derivations = 0;
  const deriveKey: CryptoSuite["deriveKey"] = (of) => {
    derivations += 1;
    return nodeSuite.deriveKey(of);
  };
  return { suite: { ...nodeSuite, deriveKey }, derivations: () => derivations };
}

function reasonOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof OpenError) return error.reason;
    throw error;
  }
  return "opened";
}

/** The base64 text with one bit of the byte at `index` changed. */
function flip(text: string, index: number): string {
  const bytes = Buffer.from(text, "base64");
  bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
  return bytes.toString("base64");
}

// R71
test("opens whatever either suite sealed, with either suite", () => {
  const suites = constantFrom(nodeSuite, portableSuite);
  const bodies = record({ seal: suites, open: suites, id: string(), plaintext: uint8Array() });
  assert(
    property(bodies, (body) => {
      const of = { ...context, id: body.id };
      const sealed = createSealer({ suite: body.seal, now: () => 0 }).seal({
        ...of,
        version: 0,
        publicKey: room.publicKey,
        plaintext: body.plaintext,
      });
      expect(open(body.open, { ...of, sealed, privateKey: room.privateKey })).toEqual(body.plaintext);
    }),
    { numRuns: 30 },
  );
});

describe("a sealed body is corrupt", () => {
  // R71
  test.each(["ephemeralPublicKey", "nonce", "ciphertext", "commitment"] as const)(
    "after any changed byte of its %s",
    (field) => {
      const sealed = sealedBody();
      const text = sealed[field] ?? expect.fail(`no ${field}`);
      const { length } = Buffer.from(text, "base64");
      for (let index = 0; index < length; index += 1) {
        const changed = { ...sealed, [field]: flip(text, index) };
        expect(reasonOf(() => open(nodeSuite, input({ sealed: changed })))).toBe("corrupt");
      }
    },
  );

  test.each([{ roomId: "moor" }, { type: "message_edited" }, { id: "massage" }, { at: 1_750_000_002_001 }])(
    "in an event with %o",
    (change) => {
      expect(reasonOf(() => open(nodeSuite, input(change)))).toBe("corrupt");
    },
  );

  test("for another private key", () => {
    const { privateKey } = nodeSuite.generatePair();

    expect(reasonOf(() => open(nodeSuite, input({ privateKey })))).toBe("corrupt");
  });

  test.each([null, undefined, 7, "sealed", [], {}])("when it is %j", (value) => {
    expect(reasonOf(() => parseSealed(value))).toBe("corrupt");
  });
});

test("a commitment to another key is found before anything is decrypted", () => {
  let decryptions = 0;
  const openAesGcm: CryptoSuite["openAesGcm"] = (of) => {
    decryptions += 1;
    return nodeSuite.openAesGcm(of);
  };
  const sealed = sealedBody();
  const changed = { ...sealed, commitment: flip(sealed.commitment ?? "", 31) };

  expect(reasonOf(() => open({ ...nodeSuite, openAesGcm }, input({ sealed: changed })))).toBe("corrupt");
  expect(decryptions).toBe(0);
});

// R76
test("another algorithm is unknown, not corrupt", () => {
  const sealed = { ...sealedBody(), alg: "ml-kem-768" };

  expect(reasonOf(() => open(nodeSuite, input({ sealed })))).toBe("unknown");
});

test("whatever comes instead of a body, or of any of its fields, is answered with a reason", () => {
  const own = sealedBody();
  const opener = createOpener({ suite: nodeSuite, cacheMax: 10 });
  const field = oneof(
    anything(),
    uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  );
  const body = record({
    alg: oneof(constantFrom<unknown>(COMMITTED_ALGORITHM, UNCOMMITTED_ALGORITHM), field),
    version: oneof(constantFrom<unknown>(3), field),
    ephemeralPublicKey: oneof(constantFrom<unknown>(own.ephemeralPublicKey), field),
    nonce: oneof(constantFrom<unknown>(own.nonce), field),
    ciphertext: field,
    commitment: oneof(constantFrom<unknown>(own.commitment), field),
  });
  assert(
    property(oneof(anything(), body), (sealed) => {
      const reason = reasonOf(() => opener.open(input({ sealed: sealed as Sealed })));
      expect(["corrupt", "unknown"]).toContain(reason);
    }),
    { numRuns: 2_000 },
  );
});

test("fields that are not known are ignored", () => {
  const sealed = { ...sealedBody(), hint: 1 };

  expect(open(nodeSuite, input({ sealed }))).toEqual(plaintext);
});

test("a private key that is none is the caller's mistake, not a corrupt body", () => {
  expect(() => open(nodeSuite, input({ privateKey: new Uint8Array(32) }))).toThrow(RangeError);
  expect(() => open(nodeSuite, input({ privateKey: new Uint8Array(31) }))).toThrow(RangeError);
});

describe("an opener", () => {
  test("opens what was sealed before there were commitments, also with the same ephemeral pair", () => {
    const pair = nodeSuite.generatePair();
    const suite = { ...nodeSuite, generatePair: () => pair };
    const of = { ...context, version: 3, publicKey: room.publicKey, plaintext };
    const committed = createSealer({ suite, now: () => 0 }).seal(of);
    const older = createSealer({ suite, now: () => 0, algorithm: UNCOMMITTED_ALGORITHM }).seal(of);
    const opener = createOpener({ suite: nodeSuite, cacheMax: 10 });

    expect(older).not.toHaveProperty("commitment");
    for (const sealed of [older, committed, older, committed])
      expect(opener.open(input({ sealed }))).toEqual(plaintext);
  });

  test("derives the key of an ephemeral pair once", () => {
    const { suite, derivations } = counted();
    const opener = createOpener({ suite, cacheMax: 10 });
    opener.open(input());

    expect(opener.open(input({ sealed: sealedBody() }))).toEqual(plaintext);
    expect(derivations()).toBe(1);
  });

  test("derives again for another private key under the same version", () => {
    const opener = createOpener({ suite: nodeSuite, cacheMax: 10 });
    opener.open(input());
    const { privateKey } = nodeSuite.generatePair();

    expect(reasonOf(() => opener.open(input({ privateKey })))).toBe("corrupt");
    expect(opener.open(input())).toEqual(plaintext);
  });

  test("does not let bodies that fail to open push out the keys it holds", () => {
    const { suite, derivations } = counted();
    const opener = createOpener({ suite, cacheMax: 1 });
    opener.open(input());
    const forged = {
      ...sealedBody(),
      ephemeralPublicKey: Buffer.from(nodeSuite.generatePair().publicKey).toString("base64"),
    };

    expect(reasonOf(() => opener.open(input({ sealed: forged })))).toBe("corrupt");
    const before = derivations();
    opener.open(input());
    expect(derivations()).toBe(before);
  });

  test("holds no more keys than its limit", () => {
    const { suite, derivations } = counted();
    const opener = createOpener({ suite, cacheMax: 1 });
    for (const version of [1, 2, 1]) opener.open(input({ sealed: sealedBody(version) }));

    expect(derivations()).toBe(3);
  });
});
