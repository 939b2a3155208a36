import type { RoomReference } from "@parley/client/client-events";
import { memoryDeviceStore } from "@parley/client/device-store.memory";
import { newMessageId } from "@parley/contract/ids";
import type { Stack } from "@parley/local-stack/stack";
import { closeValkey, connectValkey } from "@parley/valkey/connect-valkey";

import type { Actor, EnterOptions } from "../cast/actor.ts";
import { happens } from "../cast/happens.ts";
import type { Stage } from "./stage.ts";

/** Who plays the third act: people whose devices have keys of their own. */
export interface Vault {
  readonly stage: Stage;
  readonly stack: Stack;
  /** At home at alpha, without a device. */
  readonly ann: Actor;
  /** Enters an account, as told of on stage. */
  readonly come: (account: string, siteId: string, options?: EnterOptions) => Promise<Actor>;
}

/** Everybody in the room, each on a device. */
interface Opened {
  readonly room: RoomReference;
  readonly laptop: Actor;
  readonly phone: Actor;
  /** At home at beta. */
  readonly liam: Actor;
}

const noticesOf = ({ keyNotices }: Actor, { roomId }: RoomReference) =>
  keyNotices.filter((notice) => notice.roomId === roomId);

const hasOpened = (actors: readonly Actor[], room: RoomReference, content: string): Promise<boolean> =>
  happens(() => actors.every((actor) => actor.opened(room.roomId).includes(content)));

/** The key version that a message went over the wire under; who reads it in history may know it earlier. */
async function versionOf({ overheard }: Actor, messageId: string): Promise<number | undefined> {
  const found = (): number | undefined => overheard.find(({ id }) => id === messageId)?.sealed.version;
  await happens(() => found() !== undefined);
  return found();
}

const device = (name: string): EnterOptions => ({ device: { store: memoryDeviceStore(), name } });

/** Third act, scene 1: keys come wrapped for devices. */
export async function enrol({ stage, ann, come }: Vault): Promise<Opened> {
  stage.scene(
    "Third act. Frank (alpha) comes with a laptop and a phone, Liam (beta) with one device; Ann has none",
  );
  const laptop = await come("frank", "alpha", device("laptop"));
  const phone = await come("frank", "alpha", device("phone"));
  const liam = await come("liam", "beta", device("desk"));
  const devices = await laptop.client.devices();
  stage.check("Frank's account lists both", devices.length === 2, devices.map(({ name }) => name).join(", "));

  const room = await ann.client.createRoom({ name: "Vault", users: ["frank", "liam"] });
  await room.done;
  await ann.client.send(room, { content: "The code is 4711." });
  stage.check(
    "everybody opened the first message",
    await hasOpened([laptop, phone, liam], room, "The code is 4711."),
  );
  stage.check("Ann was handed the key as it is", noticesOf(ann, room)[0]?.privateKey !== undefined);
  const wrapped = noticesOf(laptop, room);
  const ids = [laptop, phone].map(({ client }) => client.deviceId ?? "");
  stage.check(
    "to Frank it went wrapped for his two devices, and in no other form",
    wrapped.length > 0 &&
      wrapped.every(
        ({ privateKey, devices: wraps = {} }) => privateKey === undefined && ids.every((id) => id in wraps),
      ),
  );
  const reached = await happens(async () => (await ann.client.keyStatus(room)).pending === 0);
  stage.check("each device confirmed the key", reached);
  return { room, laptop, phone, liam };
}

/** Third act, scene 2: everybody compares whom a key was made for with whom the room shows. */
export async function compareRosters({ stage }: Vault, { room, laptop, liam }: Opened): Promise<void> {
  stage.scene("Frank and Liam look for members in hiding");
  let outcomes: readonly string[] = [];
  // A room that is changing while it is looked at is looked at again.
  const settled = await happens(async () => {
    outcomes = await Promise.all([laptop, liam].map(({ client }) => client.checkRoster(room)));
    return outcomes.every((outcome) => outcome !== "moving");
  });
  stage.check(
    "the key was made for the members that the room shows, at both sites",
    settled && outcomes.every((outcome) => outcome === "matches"),
    outcomes.join(", "),
  );
}

/** Third act, scene 3: a lost phone. */
export async function losePhone({ stage, ann }: Vault, { room, laptop, phone, liam }: Opened): Promise<void> {
  stage.scene("Frank has lost his phone and revokes it; Ann writes on");
  await laptop.client.revokeDevice(phone.client.deviceId ?? "");
  const messageId = newMessageId();
  await ann.client.send(room, { messageId, content: "The new code is 4712." });
  stage.check("the others opened it", await hasOpened([laptop, liam], room, "The new code is 4712."));
  const version = await versionOf(laptop, messageId);
  stage.check("it went out under the next version of the key", version === 1, `v${version}`);
  stage.check(
    "the phone was handed nothing of that version",
    (await phone.client.keyPrint(room.roomId, 1)) === undefined,
  );
  stage.line("The phone still reads history, which is its account's: Frank has to change his password, too");
  const refusal = await phone.client.getKey(room, 1).then(
    () => "a key",
    (error: { reason?: string }) => error.reason,
  );
  stage.check("nor is it when it asks", refusal === "device_not_enrolled", refusal);
}

/** Third act, scene 4: joining changes the key where the room says so. */
export async function joinLater({ stage, ann, come }: Vault, { room, laptop, liam }: Opened): Promise<void> {
  stage.scene(
    "Ann has the key change when somebody joins, then adds Mona (beta), who recorded everything so far",
  );
  const mona = await come("mona", "beta");
  await (
    await ann.client.setPolicy(room, { rekeyOnJoin: true })
  ).done;
  await (
    await ann.client.addMembers(room, { users: ["mona"] })
  ).done;
  await ann.client.send(room, { content: "Welcome, Mona." });
  stage.check(
    "everybody opened what followed",
    await hasOpened([laptop, liam, mona], room, "Welcome, Mona."),
  );
  const versions = noticesOf(mona, room).map(({ version }) => version);
  stage.check(
    "Mona has no version from before she joined",
    versions.length > 0 && versions.every((version) => version >= 2),
    `v${versions.join(", v")}`,
  );
}

/** Third act, scene 5: a site's key store forgets everything. */
export async function loseKeys({ stage, stack, ann }: Vault, { room, laptop, liam }: Opened): Promise<void> {
  stage.scene("Alpha's Valkey loses every key");
  const before = await laptop.client.history(room);
  const client = await connectValkey({ addresses: [stack.site("alpha").valkey.address], onError: () => {} });
  await client.call("FLUSHALL");
  await closeValkey(client);
  const messageId = newMessageId();
  await ann.client.send(room, { messageId, content: "Is anybody there?" });
  stage.check(
    "the next message was opened all the same",
    await hasOpened([laptop, liam], room, "Is anybody there?"),
  );
  const version = await versionOf(laptop, messageId);
  stage.check("under a new version: no version ever has two keys", version === 3, `v${version}`);
  const after = await laptop.client.history(room);
  stage.check(
    "what was written before reads the same",
    JSON.stringify(after.messages.slice(1)) === JSON.stringify(before.messages),
  );
}
