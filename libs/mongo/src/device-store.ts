import type { DeviceEntry } from "@parley/contract/devices";
import type { DeviceStateMessage } from "@parley/contract/federation";

/** A device as its account sees it. */
export interface RegisteredDevice extends DeviceEntry {
  readonly name?: string | undefined;
}

/** What a request made of an account's devices. */
interface DeviceChange {
  /** `unchanged`: it was so before. */
  readonly status: "ok" | "unchanged";
  /** What every peer is to know now. */
  readonly state: DeviceStateMessage;
  /** When a device was revoked whose rooms may not be marked yet (epoch ms); see {@link DeviceUpkeep.dueMarked}. */
  readonly markDue?: number | undefined;
}

/**
 * The devices of accounts, one document for each account. The account's own site registers and revokes; other sites hold
 * what it told them. An id that an account used is never taken again for another key, nor after its revocation.
 */
export interface DeviceStore {
  /** @throws Failure `device_id_reused`, `device_limit_reached` */
  register(of: {
    account: string;
    /** The account's home, which is this site. */
    siteId: string;
    device: Pick<RegisteredDevice, "deviceId" | "publicKey" | "name">;
    /** Site time (epoch ms). */
    at: number;
  }): Promise<DeviceChange & { readonly registeredAt: number }>;
  /** In the order of their registration. */
  list(account: string): Promise<readonly RegisteredDevice[]>;
  /**
   * Revoking again changes nothing and answers the first moment.
   * @throws Failure `device_not_found`
   */
  revoke(of: {
    account: string;
    deviceId: string;
    at: number;
  }): Promise<DeviceChange & { readonly revokedAt: number }>;
  /** By account, whichever its home; accounts without devices are absent. */
  devicesOf(accounts: readonly string[]): Promise<ReadonlyMap<string, readonly DeviceEntry[]>>;
  /** Takes what the account's home tells; of two states the one of the higher revision stays. */
  applyState(state: DeviceStateMessage): Promise<{
    readonly applied: boolean;
    /** As in a change, be it by an earlier delivery of the state. */
    readonly markDue?: number | undefined;
  }>;
}

/** An account whose last change may have got no further than the store. */
export interface UnfinishedChange {
  readonly state: DeviceStateMessage;
  readonly markDue?: number | undefined;
}

/** What a change of devices leaves to be done after it is stored: so that whoever comes next completes it. */
export interface DeviceUpkeep {
  /** OUTBOX holds this revision for these peers. */
  sent(of: { account: string; revision: number; peers: readonly string[] }): Promise<void>;
  /** The rooms of the account are marked for what was revoked at `revokedAt`; of a later revocation nothing is said. */
  dueMarked(of: { account: string; revokedAt: number }): Promise<void>;
  /** Accounts of this site, by name, of whose devices a peer was not told or whose rooms are not marked. */
  unfinished(of: {
    siteId: string;
    peers: readonly string[];
    after?: string | undefined;
    limit: number;
  }): Promise<readonly UnfinishedChange[]>;
}
