import { describe, expect, test } from "vitest";

import type { CryptoSuite } from "./crypto-suite.ts";
import { assertPair, type RoomKeyPair } from "./key-pair.ts";

const ORDER = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** A pair hides its keys from spreading. */
const keysOf = ({ privateKey }: RoomKeyPair): { privateKey: Uint8Array } => ({ privateKey });
const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

/** What every {@link CryptoSuite} keeps to; the vectors in `test/vectors` add that all of them agree. */
export function describeCryptoSuite(name: string, suite: CryptoSuite): void {
  describe(`crypto suite: ${name}`, () => {
    test("generates pairs whose halves belong together and that differ", () => {
      const [one, other] = [suite.generatePair(), suite.generatePair()];

      expect(() => assertPair(suite, one)).not.toThrow();
      expect(one.publicKey).toHaveLength(65);
      expect(one.privateKey).toHaveLength(32);
      expect(toHex(one.privateKey)).not.toBe(toHex(other.privateKey));
    });

    test("derives the generator from the scalar 1 (SEC 2, section 2.4.2)", () => {
      const one = filled(32, 0).with(31, 1);

      expect(toHex(suite.publicKeyOf(one))).toBe(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
          "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
      );
    });

    test("agrees on the shared secret of the ECDH example in RFC 5903, section 8.1", () => {
      const privateKey = fromHex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
      const publicKey = fromHex(
        "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63" +
          "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
      );

      expect(toHex(suite.sharedSecret({ privateKey, publicKey }))).toBe(
        "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
      );
    });

    test("agrees by the bytes of a private key, however often it agreed with others before", () => {
      const [one, other, third] = [suite.generatePair(), suite.generatePair(), suite.generatePair()];
      const withOther = toHex(suite.sharedSecret({ ...keysOf(one), publicKey: other.publicKey }));
      const withThird = toHex(suite.sharedSecret({ ...keysOf(one), publicKey: third.publicKey }));

      expect(withThird).not.toBe(withOther);
      expect(() => suite.sharedSecret({ ...keysOf(one), publicKey: filled(65, 4) })).toThrow(RangeError);
      expect(toHex(suite.sharedSecret({ ...keysOf(one), publicKey: other.publicKey }))).toBe(withOther);
      expect(toHex(suite.sharedSecret({ ...keysOf(other), publicKey: one.publicKey }))).toBe(withOther);
      expect(toHex(suite.sharedSecret({ ...keysOf(third), publicKey: one.publicKey }))).toBe(withThird);
    });

    test("derives the key of the first HKDF example in RFC 5869, appendix A.1", () => {
      const input = {
        secret: filled(22, 0x0b),
        salt: fromHex("000102030405060708090a0b0c"),
        info: fromHex("f0f1f2f3f4f5f6f7f8f9"),
      };

      expect(toHex(suite.deriveKey(input))).toBe(
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
      );
    });

    test("derives as many bytes as it is asked for, the first of them the same", () => {
      const input = {
        secret: filled(22, 0x0b),
        salt: fromHex("000102030405060708090a0b0c"),
        info: fromHex("f0f1f2f3f4f5f6f7f8f9"),
      };

      expect(toHex(suite.deriveKey({ ...input, length: 42 }))).toBe(
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
      );
    });

    test("seals AES-256-GCM test case 16 of the GCM specification", () => {
      const input = {
        key: fromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
        nonce: fromHex("cafebabefacedbaddecaf888"),
        additionalData: fromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
        data: fromHex(
          "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        ),
      };

      expect(toHex(suite.sealAesGcm(input))).toBe(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
          "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" +
          "76fc6ece0f4e1768cddf8853bb2d551b",
      );
    });

    test("opens what it sealed and nothing that differs in any byte", () => {
      const input = {
        key: filled(32, 1),
        nonce: filled(12, 2),
        additionalData: filled(5, 3),
        data: filled(7, 4),
      };
      const ciphertext = suite.sealAesGcm(input);

      expect(suite.openAesGcm({ ...input, data: ciphertext })).toEqual(input.data);
      for (const index of ciphertext.keys()) {
        const changed = ciphertext.with(index, (ciphertext[index] ?? 0) ^ 0x80);
        expect(suite.openAesGcm({ ...input, data: changed })).toBeUndefined();
      }
      expect(suite.openAesGcm({ ...input, data: ciphertext, key: filled(32, 9) })).toBeUndefined();
      expect(suite.openAesGcm({ ...input, data: ciphertext, additionalData: filled(4, 3) })).toBeUndefined();
      expect(suite.openAesGcm({ ...input, data: filled(15, 0) })).toBeUndefined();
    });

    test("seals and opens by the bytes of a key, whichever array holds them and however often it was used", () => {
      const bytes = fromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
      const [one, same, other] = [bytes, bytes.slice(), bytes.with(0, 0)];
      const rest = {
        nonce: fromHex("cafebabefacedbaddecaf888"),
        additionalData: filled(0, 0),
        data: filled(16, 5),
      };
      const sealWith = (key: Uint8Array): string => toHex(suite.sealAesGcm({ key, ...rest }));
      const sealed = sealWith(one);

      expect([one, other, same, one].map(sealWith)).toEqual([sealed, sealWith(other), sealed, sealed]);
      expect(sealWith(other)).not.toBe(sealed);
      for (const key of [same, one, bytes.slice()])
        expect(suite.openAesGcm({ ...rest, key, data: fromHex(sealed) })).toEqual(rest.data);
      expect(suite.openAesGcm({ ...rest, key: other, data: fromHex(sealed) })).toBeUndefined();
      expect(suite.openAesGcm({ ...rest, key: one, data: fromHex(sealed) })).toEqual(rest.data);
    });

    test("seals test cases 15 and 16 of the GCM specification alternately, with the key of each used before", () => {
      const key = fromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
      const nonce = fromHex("cafebabefacedbaddecaf888");
      const data = fromHex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
          "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
      );
      const additionalData = fromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
      const case15 = { key, nonce, data, additionalData: filled(0, 0) };
      const case16 = { key, nonce, data: data.subarray(0, 60), additionalData };
      const ciphertext =
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662";

      for (let turn = 0; turn < 3; turn += 1) {
        expect(toHex(suite.sealAesGcm(case15))).toBe(`${ciphertext}898015adb094dac5d93471bdec1a502270e3cc6c`);
        expect(toHex(suite.sealAesGcm(case16))).toBe(`${ciphertext}76fc6ece0f4e1768cddf8853bb2d551b`);
      }
    });

    test("throws on a key of another length instead of calling it a failed tag", () => {
      const input = {
        key: filled(31, 1),
        nonce: filled(12, 2),
        additionalData: filled(0, 0),
        data: filled(16, 0),
      };

      expect(() => suite.openAesGcm(input)).toThrow(/key/i);
    });

    test.each([
      ["zero", filled(32, 0)],
      ["the order of the group", fromHex(ORDER)],
      ["31 bytes", filled(31, 1)],
      ["33 bytes", filled(33, 1)],
    ])("refuses a private key that is %s", (_what, privateKey) => {
      const { publicKey } = suite.generatePair();

      expect(() => suite.publicKeyOf(privateKey)).toThrow(RangeError);
      expect(() => suite.sharedSecret({ privateKey, publicKey })).toThrow(RangeError);
    });

    test("refuses a public key that is off the curve, compressed, hybrid or cut", () => {
      const { privateKey, publicKey } = suite.generatePair();
      const parity = (publicKey[64] ?? 0) & 1;
      const refused = [
        publicKey.with(64, (publicKey[64] ?? 0) ^ 1),
        new Uint8Array([2 + parity, ...publicKey.subarray(1, 33)]),
        publicKey.with(0, 6 + parity),
        publicKey.subarray(0, 64),
        new Uint8Array([0]),
      ];

      for (const key of refused) {
        expect(() => suite.sharedSecret({ privateKey, publicKey: key })).toThrow(RangeError);
      }
    });

    test("gives random bytes of the length asked for, never the same twice", () => {
      const [one, other] = [suite.randomBytes(12), suite.randomBytes(12)];

      expect(one).toHaveLength(12);
      expect(toHex(one)).not.toBe(toHex(other));
    });
  });
}
