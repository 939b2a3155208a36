import type { DeviceStore } from "@parley/mongo/device-store";
import { type KeyDelivery, type KeyReception, receptionOf } from "@parley/room-keys/hand-key";

/**
 * How an account takes keys now, by one read of its devices.
 * @throws Failure `device_not_enrolled` when it has devices or one asks, and it is none of them
 */
export type ReceptionFor = (asker: {
  readonly account: string;
  readonly deviceId: string | undefined;
}) => Promise<KeyReception>;

interface Deps {
  readonly devices: Pick<DeviceStore, "devicesOf">;
  /** `KEY_DELIVERY` */
  readonly delivery: KeyDelivery;
}

export const createReceptionFor =
  ({ devices, delivery }: Deps): ReceptionFor =>
  async ({ account, deviceId }) => {
    const found = await devices.devicesOf([account]);
    return receptionOf({ deviceId, devices: found.get(account) ?? [] }, delivery);
  };
