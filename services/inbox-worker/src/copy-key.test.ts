import { Failure } from "@parley/contract/failure";

import { roomSnapshot } from "@parley/contract/federation";
import { getRoomKey } from "@parley/contract/server-requests";
import type { MissingKey, Replica } from "@parley/mongo/replica-store";
import { toBase64 } from "@parley/room-crypto/base64";
import type { RoomKeyPair } from "@parley/room-crypto/key-pair";
import { nodeSuite } from "@parley/room-crypto/node-suite";
import { memoryRoomKeyStore } from "@parley/room-keys/room-key-store.memory";
import { fromSnapshot } from "@parley/room/snapshot";
import { createChannel, roomAfter } from "@parley/room/test/fixtures";
import { createMemoryLog } from "@parley/telemetry/memory-log";
import { createMemoryRecorder } from "@parley/telemetry/memory-recorder";
import { describe, expect, test } from "vitest";

import { laneMessage, snapshotOf } from "../test/lane.ts";
import { createCopyMissingKey } from "./copy-key.ts";
import type { Arrival } from "./read-arrival.ts";

const HOME = "site-a";
const ROOM = "r".repeat(17);
const ATTEMPTS_MAX = 3;
const GAVE_UP = "room_key_replication_terminated_total";
const pair = nodeSuite.generatePair();
const SNAPSHOT = roomSnapshot.parse(snapshotOf(roomAfter(createChannel({}))));

type Answer = Failure | { readonly version: number; readonly publicKey: string; readonly privateKey: string };
const keyOf = (version: number, of: RoomKeyPair = pair): Answer => ({
  version,
  publicKey: toBase64(of.publicKey),
  privateKey: toBase64(of.privateKey),
});
const refusal = (reason: Failure["reason"]) => new Failure(reason);

/** What came through the lane at a revision. */
const arrivalAt = (revision: number, kind: "unknown" | "snapshot" = "unknown"): Arrival => {
  const of = { siteId: HOME, dest: "site-b", roomId: ROOM, type: "x", payload: new Uint8Array() };
  const message = laneMessage(of);
  const common = { roomId: ROOM, siteId: HOME, revision, trace: message.trace, message };
  return kind === "unknown" ? { kind, ...common } : { kind, ...common, snapshot: SNAPSHOT };
};

/** A replica that misses v2, and a home that answers as told. */
function setUp(answer: Answer, held: Partial<Replica> = {}) {
  let replica: Replica = {
    roomId: ROOM,
    siteId: HOME,
    applied: 5,
    tombstone: false,
    missingKey: { version: 2, attempts: 0 },
    ...held,
  };
  const home = { answer, asked: [] as unknown[] };
  const content = { asked: [] as string[], failure: undefined as Failure | undefined };
  const inbox: { newest?: Arrival } = {};
  const parked: { reason: string; error: string; attempts: number }[] = [];
  const keys = memoryRoomKeyStore({ suite: nodeSuite, gracePeriodMs: 1000, now: () => 0 });
  const recorder = createMemoryRecorder();
  const note = (missingKey: MissingKey | undefined): void => void (replica = { ...replica, missingKey });
  const copy = createCopyMissingKey({
    keys,
    replicas: {
      find: async () => replica,
      noteMissingKey: async ({ missingKey }) => note(missingKey),
      clearMissingKey: async () => note(undefined),
    },
    peers: {
      ask: async (declaration, { peer, body, timeoutMs }) => {
        home.asked.push({ operation: declaration.operation, peer, body, timeoutMs });
        if (home.answer instanceof Failure) throw home.answer;
        return declaration.reply.parse({ roomId: ROOM, ...home.answer });
      },
    },
    copyContentKey: async ({ roomId, revision }) => {
      content.asked.push(`${roomId} at ${revision}`);
      if (content.failure) throw content.failure;
    },
    newestOf: async () => inbox.newest,
    // As DEAD does: a message is stored once for each reason to park it here.
    park: async (_arrival, why) => parked.push(why) === 1,
    attemptsMax: ATTEMPTS_MAX,
    timeoutMs: 70,
    recorder,
    log: createMemoryLog(),
  });
  return {
    keys,
    home,
    content,
    inbox,
    parked,
    note,
    copy: (isCaughtUp = false) => copy({ arrival: arrivalAt(5), isCaughtUp }),
    copyAtSnapshot: () => copy({ arrival: arrivalAt(5, "snapshot"), isCaughtUp: true }),
    /** Times that asking took, by outcome. */
    took: (outcome: string) => recorder.values("room_key_rpc_duration_seconds", { outcome }).length,
    gaveUp: () => recorder.total(GAVE_UP, { peer: HOME }),
    missing: () => replica.missingKey,
  };
}

describe("the missing key", () => {
  // R64
  test("is asked for at exactly its version and held from then on", async () => {
    const { copy, home, keys, missing } = setUp(keyOf(2));
    expect(await copy()).toBe("held");
    const asked = {
      operation: getRoomKey.operation,
      peer: HOME,
      body: { roomId: ROOM, version: 2 },
      timeoutMs: 70,
    };
    expect(home.asked).toEqual([asked]);
    expect((await keys.get(ROOM))?.version).toBe(2);
    expect((await keys.get(ROOM))?.pair.print).toBe(pair.print);
    expect(missing()).toBeUndefined();
  });

  test("is not asked for when none is missing, a later one is held, or the room is buried", async () => {
    const none = setUp(keyOf(2), { missingKey: undefined });
    const buried = setUp(keyOf(2), { tombstone: true });
    const later = setUp(keyOf(2));
    await later.keys.setWithVersion({ roomId: ROOM, version: 3, pair, revision: 5 });
    for (const { copy, home } of [none, buried, later]) {
      expect(await copy()).toBe("held");
      expect(home.asked).toEqual([]);
    }
    expect(later.missing()).toBeUndefined();
  });

  // R82
  test("that comes after the room was closed at a later revision is not stored", async () => {
    const { copy, keys } = setUp(keyOf(2));
    await keys.delete(ROOM, 6);
    expect(await copy()).toBe("held");
    expect(await keys.get(ROOM)).toBeNull();
  });
});

test("how long the home took is measured by what it answered", async () => {
  const of = [keyOf(2), refusal("room_key_absent"), refusal("home_site_unreachable")];
  const measured = of.map(async (answer) => {
    const { copy, took } = setUp(answer);
    await copy().catch((error: unknown) => expect(error).toBeInstanceOf(Failure));
    return ["ok", "not_found", "unavailable"].map(took);
  });
  expect(await Promise.all(measured)).toEqual([
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
});

describe("while a replica catches up", () => {
  test("the key is left to what INBOX holds beyond, which may name a newer one", async () => {
    const { copy, home, inbox, missing } = setUp(keyOf(2));
    inbox.newest = arrivalAt(6, "snapshot");
    expect([await copy(), home.asked, missing()]).toEqual(["overtaken", [], { version: 2, attempts: 0 }]);
    expect([await copy(true), home.asked.length]).toEqual(["held", 1]);
  });

  test("what it has applied, and what it cannot apply, overtakes nothing", async () => {
    for (const newest of [arrivalAt(5, "snapshot"), arrivalAt(6)]) {
      const { copy, inbox } = setUp(keyOf(2));
      inbox.newest = newest;
      expect(await copy()).toBe("held");
    }
  });
});

describe("a typed refusal", () => {
  // R63
  test("ends the copy at once and is counted", async () => {
    for (const reason of ["room_key_absent", "key_version_not_allowed"] as const) {
      const { copy, gaveUp, missing, home } = setUp(refusal(reason));
      expect(await copy()).toBe("absent");
      expect([missing(), gaveUp(), home.asked.length]).toEqual([undefined, 1, 1]);
    }
  });

  test("for a site that has left ends it too, and is not counted", async () => {
    const { copy, gaveUp, missing } = setUp(refusal("site_not_participating"));
    expect(await copy()).toBe("absent");
    expect([missing(), gaveUp()]).toEqual([undefined, 0]);
  });
});

describe("what a later attempt may heal", () => {
  // R66
  test("is thrown and counted on the replica until the copy is given up, once", async () => {
    const { copy, gaveUp, missing, keys, parked } = setUp(refusal("home_site_unreachable"));
    for (const attempts of [1, 2]) {
      await expect(copy()).rejects.toMatchObject({ reason: "home_site_unreachable" });
      expect([missing(), gaveUp()]).toEqual([{ version: 2, attempts }, 0]);
    }
    expect(await copy()).toBe("parked");
    const givenUp = { version: 2, attempts: ATTEMPTS_MAX };
    expect([missing(), gaveUp(), await keys.get(ROOM)]).toEqual([givenUp, 1, null]);
    expect(parked).toEqual([
      { reason: "key_not_copied", error: "key v2 was not copied from its home", attempts: ATTEMPTS_MAX },
    ]);
  });

  // R66
  test("is tried on with each further event once it was given up, and neither thrown, parked nor counted", async () => {
    const givenUp = { version: 2, attempts: ATTEMPTS_MAX };
    const { copy, gaveUp, missing, home, parked } = setUp(refusal("home_site_unreachable"), {
      missingKey: givenUp,
    });
    expect([await copy(), await copy()]).toEqual(["parked", "parked"]);
    expect([home.asked.length, missing(), parked, gaveUp()]).toEqual([2, givenUp, [], 0]);
    home.answer = keyOf(2);
    expect([await copy(), missing()]).toEqual(["held", undefined]);
  });

  test("is one alarm, though a crash between parking and noting has it parked again", async () => {
    const lastAttempt = { version: 2, attempts: ATTEMPTS_MAX - 1 };
    const { copy, gaveUp, note, parked } = setUp(refusal("home_site_unreachable"), {
      missingKey: lastAttempt,
    });
    expect(await copy()).toBe("parked");
    note(lastAttempt);
    expect(await copy()).toBe("parked");
    expect([parked.length, gaveUp()]).toEqual([2, 1]);
  });

  // R66
  test("heals: a home that is back is believed", async () => {
    const { copy, home, keys } = setUp(refusal("home_site_unreachable"));
    await expect(copy()).rejects.toMatchObject({ reason: "home_site_unreachable" });
    home.answer = keyOf(2);
    expect(await copy()).toBe("held");
    expect(await keys.getVersion(ROOM)).toBe(2);
  });
});

describe("a home that answers wrongly", () => {
  test("is not believed when it hands out another version", async () => {
    const { copy, keys, missing } = setUp(keyOf(3));
    await expect(copy()).rejects.toThrow("answered another key than v2");
    expect([await keys.get(ROOM), missing()]).toEqual([null, { version: 2, attempts: 1 }]);
  });

  test("is not believed when the halves do not belong together, or are no keys", async () => {
    const { publicKey } = nodeSuite.generatePair();
    const mixed = { ...keyOf(2), publicKey: toBase64(publicKey) } as Answer;
    const short = { ...keyOf(2), privateKey: toBase64(Uint8Array.of(1, 2, 3)) } as Answer;
    for (const answer of [mixed, short]) {
      const { copy, keys, missing } = setUp(answer);
      await expect(copy()).rejects.toThrow(RangeError);
      expect([await keys.get(ROOM), missing()]).toEqual([null, { version: 2, attempts: 1 }]);
    }
  });
});

describe("the key of a room's content", () => {
  const asked = [`${ROOM} at 5`];
  const state = fromSnapshot(SNAPSHOT);

  test("is asked for when a room key was copied or was held already, and for nothing else", async () => {
    const copied = setUp(keyOf(2));
    expect(await copied.copy()).toBe("held");
    expect(copied.content.asked).toEqual(asked);
    expect(await copied.copy()).toBe("held");
    expect(copied.content.asked).toEqual(asked);

    const held = setUp(keyOf(2));
    await held.keys.setWithVersion({ roomId: ROOM, version: 2, pair, revision: 5 });
    expect(await held.copy()).toBe("held");
    expect([held.content.asked, held.home.asked]).toEqual([asked, []]);
  });

  test("is asked for by a snapshot though no room key is missing, but not for a tombstone", async () => {
    const at = setUp(keyOf(2), { missingKey: undefined, state });
    await at.keys.setWithVersion({ roomId: ROOM, version: state.keyVersion, pair, revision: 5 });
    expect(await at.copyAtSnapshot()).toBe("held");
    expect([at.content.asked, at.home.asked]).toEqual([asked, []]);

    const buried = setUp(keyOf(2), { missingKey: undefined, tombstone: true });
    expect(await buried.copyAtSnapshot()).toBe("held");
    expect(buried.content.asked).toEqual([]);
  });

  test("that cannot be had now is tried again with the room key in hand, and parked at the limit", async () => {
    const { copy, content, home, parked, missing, keys } = setUp(keyOf(2));
    content.failure = refusal("home_site_unreachable");
    for (let attempts = 1; attempts < ATTEMPTS_MAX; attempts += 1) {
      await expect(copy()).rejects.toThrow(Failure);
      expect(missing()).toEqual({ version: 2, attempts });
    }
    expect(await copy()).toBe("parked");
    expect([parked.length, home.asked.length, (await keys.get(ROOM))?.version]).toEqual([1, 1, 2]);

    content.failure = undefined;
    expect(await copy()).toBe("held");
    expect(missing()).toBeUndefined();
  });
});
