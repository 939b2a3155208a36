import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** SHA-256 of a public key, hex: tells two pairs apart without showing either (SPEC-rooms 6.1, prints). */
export const keyPrint = (publicKey: Uint8Array): string => bytesToHex(sha256(publicKey));
