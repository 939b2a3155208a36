/** Whom a key is handed to: a device, or an account that has none. */
export interface KeyRecipient {
  readonly account: string;
  readonly deviceId?: string | undefined;
}

/** A recipient's word that it has stored a room's key of this version. */
export interface KeyAck extends KeyRecipient {
  readonly roomId: string;
  readonly version: number;
}

/** A recipient in one word: no account has a dot in it. */
export const recipientName = ({ account, deviceId }: KeyRecipient): string =>
  deviceId === undefined ? account : `${account}.${deviceId}`;

/**
 * Which version of a room's key has reached whom, as far as the recipients said so. Nothing rests on it but what is
 * sent again and what `key.status` shows: it may be lost, and what it says of a version is only that somebody claimed it.
 *
 * A client chooses what it acknowledges, so the store takes nothing that was not awaited, and of one account no more
 * devices than an account may have.
 *
 * Every operation throws an Error when the store fails.
 */
export interface KeyAckStore {
  /** From now on versions of the room up to this one may be acknowledged. */
  expect(roomId: string, version: number): Promise<void>;
  /** Notes each ack unless a higher version is noted; one that nothing awaits is passed over. */
  acknowledge(acks: readonly KeyAck[]): Promise<void>;
  /** Forgets an ack: its recipient cannot use that version after all. A later version stays acknowledged. */
  withdraw(ack: KeyAck): Promise<void>;
  /** The highest version that each recipient has acknowledged, by {@link recipientName}. */
  ackedVersions(roomId: string): Promise<ReadonlyMap<string, number>>;
  /** Forgets all that these accounts and their devices acknowledged. */
  forget(roomId: string, accounts: readonly string[]): Promise<void>;
}
