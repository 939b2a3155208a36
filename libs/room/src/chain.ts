import { sha256 } from "@noble/hashes/sha2.js";

/** base64 of the SHA-256 of an event's stored bytes: what the next event's `prev` must be (DESIGN 5.1). */
export const chainOf = (bytes: Uint8Array): string => btoa(String.fromCharCode(...sha256(bytes)));
