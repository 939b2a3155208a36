/** SHA-256 of the public key (base64) that went out, or will, under a room's key version (SPEC-rooms 6.1). */
export interface KeyPrintStore {
  /** Writes the print unless the version has one; answers the one that stands, durable on a majority. */
  insertIfAbsent(of: { roomId: string; version: number; print: string }): Promise<string>;
}
