import { DEVICES_PER_ACCOUNT } from "@parley/contract/devices";
import type { ValkeyClient } from "@parley/valkey/connect-valkey";
import { defineScript } from "@parley/valkey/define-script";
import { keyAcksName } from "@parley/valkey/keys";
import { failedTo } from "@parley/valkey/valkey-error";

import { ACKNOWLEDGE, EXPECT, EXPECTED_FIELD, WITHDRAW } from "./key-ack-scripts.ts";
import { type KeyAck, type KeyAckStore, recipientName } from "./key-ack-store.ts";

/** How long acks outlive the last word of or to their room (ms): 30 days. */
const LIFE_MS = 2_592_000_000;
/** Accounts noted of one room: twice the members a room may have, since those who left are forgotten a little later. */
const ACCOUNTS_MAX = 4000;
/** What an account may have noted: itself, from before it had devices, and each of these. */
const RECIPIENTS_OF_ACCOUNT = DEVICES_PER_ACCOUNT + 1;
/** Acks of one script: bounds how long the store serves nobody else. */
const ACKS_PER_CALL = 500;

/** The acks of one room as the script takes them, so many at a time. */
function* callsOf(acks: readonly KeyAck[]): Generator<readonly (string | number)[]> {
  for (let from = 0; from < acks.length; from += ACKS_PER_CALL)
    yield acks
      .slice(from, from + ACKS_PER_CALL)
      .flatMap(({ account, deviceId = "", version }) => [account, deviceId, version]);
}

/** What the field of an account says, as {@link KeyAckStore.ackedVersions} names it. */
function recipientsIn(account: string, text: string): readonly (readonly [string, number])[] {
  return text.split(" ").map((entry) => {
    const [deviceId = "", version] = entry.split(":");
    return [recipientName(deviceId === "" ? { account } : { account, deviceId }), Number(version)] as const;
  });
}

/** {@link KeyAckStore} in Valkey, one server or a cluster. */
export function valkeyKeyAckStore(client: ValkeyClient): KeyAckStore {
  const expect = defineScript(client, EXPECT);
  const acknowledge = defineScript(client, ACKNOWLEDGE);
  const withdraw = defineScript(client, WITHDRAW);
  return {
    async expect(roomId, version) {
      await expect({ keys: [keyAcksName(roomId)], args: [version, LIFE_MS] }).catch(
        failedTo("await key acks"),
      );
    },
    async acknowledge(acks) {
      const rooms = [...Map.groupBy(acks, ({ roomId }) => roomId)];
      const calls = rooms.flatMap(([roomId, ofRoom]) =>
        [...callsOf(ofRoom)].map((args) => ({ keys: [keyAcksName(roomId)], args })),
      );
      const limits = [LIFE_MS, ACCOUNTS_MAX, RECIPIENTS_OF_ACCOUNT];
      // Sent one behind the other without waiting: few round trips, and no pipeline, which a cluster could not take.
      const sent = calls.map(({ keys, args }) => acknowledge({ keys, args: [...limits, ...args] }));
      await Promise.all(sent).catch(failedTo("note key acks"));
    },
    async withdraw({ roomId, account, deviceId = "", version }) {
      const args = [account, deviceId, version];
      await withdraw({ keys: [keyAcksName(roomId)], args }).catch(failedTo("withdraw a key ack"));
    },
    async ackedVersions(roomId) {
      const fields = await client.hgetall(keyAcksName(roomId)).catch(failedTo("read key acks"));
      const accounts = Object.entries(fields).filter(([account]) => account !== EXPECTED_FIELD);
      return new Map(accounts.flatMap(([account, text]) => recipientsIn(account, text)));
    },
    async forget(roomId, accounts) {
      if (accounts.length === 0) return;
      await client.hdel(keyAcksName(roomId), ...accounts).catch(failedTo("forget key acks"));
    },
  };
}
