/** One room key as clients keep it. */
export interface RoomKey {
  readonly roomId: string;
  readonly version: number;
  /** Scalar, 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** Where room keys outlive the process. `put` has stored every key when it resolves, replacing older bytes. */
export interface KeyStore {
  get(roomId: string, version: number): Promise<Uint8Array | undefined>;
  put(keys: readonly RoomKey[]): Promise<void>;
}

/** One name per room and version; neither can contain the separator. */
export const keyName = (key: { readonly roomId: string; readonly version: number }): string =>
  `${key.roomId}:${key.version}`;
