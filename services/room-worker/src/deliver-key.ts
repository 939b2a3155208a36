import { setImmediate } from "node:timers/promises";

import type { DeviceEntry, ForRoster } from "@parley/contract/devices";
import { userSubjects, type RoomKeyNotice } from "@parley/contract/notices";
import type { Recorder } from "@parley/contract/observe";
import type { Broker } from "@parley/messaging/connect-nats";
import { encodeJson, publishBytes } from "@parley/messaging/publish";
import type { Trace } from "@parley/messaging/trace";
import { toBase64 } from "@parley/room-crypto/base64";
import type { RoomKey } from "@parley/room-crypto/room-key";
import type { Wrapper } from "@parley/room-crypto/wrapper";
import { type KeyDelivery, wrapForDevice } from "@parley/room-keys/hand-key";

/** Wraps between two looks at other work: some milliseconds for devices that were not met before. */
const WRAPS_PER_TURN = 32;

/** The key of a room on its way to members. */
export interface KeyOnItsWay {
  readonly key: RoomKey;
  /** The room's home, which alone hands out its key. */
  readonly siteId: string;
  /** What the key is wrapped for. */
  readonly roster: ForRoster;
  /** Epoch ms. */
  readonly at: number;
  readonly trace: Trace;
}

/** How an account takes keys: as bytes, or wrapped for each of these devices; for none, not at all. */
type Reception = "bytes" | readonly DeviceEntry[];

/** A member that is sent the key. */
export interface Addressee {
  readonly account: string;
  readonly homeSite: string;
  readonly takes: Reception;
}

/** An account with devices takes keys wrapped and no other way; one without takes bytes, unless the site hands out none. */
export const takenBy = (devices: readonly DeviceEntry[] | undefined, delivery: KeyDelivery): Reception =>
  devices ?? (delivery === "open" ? "bytes" : []);

interface Deps {
  readonly broker: Broker;
  readonly recorder: Recorder;
  /** Sends under way at a time (`KEY_FANOUT_CONCURRENCY`); after so many the broker is waited for. */
  readonly concurrency: number;
  readonly wrapper: Wrapper;
}

/** Publishes the key to each, and answers to how many; it has reached the broker after the next flush. */
export type DeliverKey = (sent: KeyOnItsWay, to: readonly Addressee[]) => Promise<number>;

/** Wraps the key for one device after the other, giving way to other work now and then. */
function createWraps({ wrapper, recorder }: Deps, { key, roster }: KeyOnItsWay) {
  let wraps = 0;
  return async (devices: readonly DeviceEntry[]): Promise<NonNullable<RoomKeyNotice["devices"]>> => {
    const wrapped: NonNullable<RoomKeyNotice["devices"]> = {};
    for (const device of devices) {
      wraps += 1;
      if (wraps % WRAPS_PER_TURN === 0) await setImmediate();
      try {
        wrapped[device.deviceId] = wrapForDevice(wrapper, key, { device, rosterDigest: roster.rosterDigest });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        // What one member registered must not cost the others their key.
        recorder.count("room_key_fanout_errors_total");
      }
    }
    return wrapped;
  };
}

/** What each addressee is sent, `undefined` for nothing; the bytes are marshalled once for all who take them. */
function createPayloads(deps: Deps, sent: KeyOnItsWay) {
  const { key, siteId, roster, at } = sent;
  const { roomId, version } = key;
  const { rosterDigest, revision } = roster;
  const wrapsFor = createWraps(deps, sent);
  const marshal = (handed: Pick<RoomKeyNotice, "privateKey" | "devices">): Uint8Array =>
    encodeJson({ roomId, siteId, version, ...handed, rosterDigest, revision, at } satisfies RoomKeyNotice);
  let bytes: Uint8Array | undefined;
  return async ({ takes }: Addressee): Promise<Uint8Array | undefined> => {
    if (takes === "bytes") {
      bytes ??= marshal({ privateKey: toBase64(key.pair.privateKey) });
      return bytes;
    }
    const devices = await wrapsFor(takes);
    return Object.keys(devices).length === 0 ? undefined : marshal({ devices });
  };
}

export function createDeliverKey(deps: Deps): DeliverKey {
  const { broker, recorder, concurrency } = deps;
  return async (sent, to) => {
    const payloadFor = createPayloads(deps, sent);
    let published = 0;
    const publish = ({ account, homeSite }: Addressee, payload: Uint8Array): void => {
      try {
        const subject = userSubjects.roomKey.of({ homeSite, account, fromSite: sent.siteId });
        publishBytes(broker, { subject, payload, trace: sent.trace });
        published += 1;
      } catch {
        // One member's send must not cost the others theirs; key.get heals it.
        recorder.count("room_key_fanout_errors_total");
      }
    };
    for (const [index, addressee] of to.entries()) {
      if (index > 0 && index % concurrency === 0) await broker.flush();
      const payload = await payloadFor(addressee);
      if (payload) publish(addressee, payload);
    }
    return published;
  };
}
