import type { DeviceStateMessage } from "@parley/contract/federation";
import { Unprocessable } from "@parley/messaging/park";
import type { DeviceStore, DeviceUpkeep } from "@parley/mongo/device-store";
import type { DirectoryStore } from "@parley/mongo/directory-store";

interface Deps {
  readonly devices: Pick<DeviceStore, "applyState">;
  readonly upkeep: Pick<DeviceUpkeep, "dueMarked">;
  readonly directory: Pick<DirectoryStore, "find">;
  /** Notes which rooms homed here have a key that a revoked device may hold. */
  readonly markDue: (of: { account: string; at: number }) => Promise<void>;
  /** Site time (epoch ms). */
  readonly now: () => number;
}

/**
 * Keeps what a peer tells of its account's devices unless something newer stands, and marks the rooms homed here for a
 * revocation that is news. Of this site's moment, for it is compared with those of this site's rooms; a repeat, after
 * another attempt got no further, marks them later.
 * @throws Unprocessable when the account is not at home at the peer (R103)
 */
export type TakeDeviceState = (state: DeviceStateMessage) => Promise<void>;

export const createTakeDeviceState =
  ({ devices, upkeep, directory, markDue, now }: Deps): TakeDeviceState =>
  async (state) => {
    const { account, siteId } = state;
    const entry = await directory.find(account);
    if (entry?.homeSite !== siteId) throw new Unprocessable("a peer speaks for an account of another site");
    const { markDue: revokedAt } = await devices.applyState(state);
    if (revokedAt === undefined) return;
    await markDue({ account, at: now() });
    await upkeep.dueMarked({ account, revokedAt });
  };
