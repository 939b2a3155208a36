/** What the page does, called from the tests in Node; the bundle of this file is its only script. */
import type { Client, ClientEvent, Opening, Problem, RoomReference } from "@parley/client/client";
import { connectParley } from "@parley/client/connect-browser";
import type { ParleyOptions } from "@parley/client/connect";
import { memoryDeviceStore } from "@parley/client/device-store.memory";
import type { RoomEvent } from "@parley/contract/messages";

import { vectorOutcomes, type VectorFiles, type VectorOutcome } from "../vectors/vector-outcomes.ts";
import { PAGE_NAME } from "./page-name.ts";

/** What a page tells of a room. */
interface ListedRoom extends RoomReference {
  readonly name: string;
  /** Of the version that opens it now. */
  readonly keyVersion: number;
}

let connected: Client | undefined;
const events: ClientEvent[] = [];

function client(): Client {
  if (connected === undefined) throw new Error("the page is not connected");
  return connected;
}

const report = ({ doing, error }: Problem): void => reportError(new Error(`${doing}: ${String(error)}`));

async function readEvents(of: Client): Promise<void> {
  for await (const event of of.events()) events.push(event);
}

const page = {
  /** Tries the vectors of a file, given as its text. */
  vectorOutcomes: (file: keyof VectorFiles, text: string): Promise<VectorOutcome[]> =>
    vectorOutcomes(file, JSON.parse(text)),

  /** In place of the client that was connected before. */
  async connect(options: ParleyOptions): Promise<void> {
    await connected?.close();
    connected = undefined;
    events.length = 0;
    connected = await connectParley({ ...options, onProblem: report });
    void readEvents(connected);
  },

  /** As a device of the account, one that ends with the page. Answers its id. */
  async connectDevice(options: ParleyOptions): Promise<string | undefined> {
    await page.connect({ ...options, device: { store: memoryDeviceStore(), name: "Chromium" } });
    return client().deviceId;
  },

  /** In what form the current key of a room is handed to this client: the fields of the answer, without their values. */
  formOfKey: async (room: RoomReference): Promise<string[]> => Object.keys(await client().getKey(room)),

  async listRooms(): Promise<ListedRoom[]> {
    const { rooms } = await client().listRooms();
    return rooms.map(({ room }) => ({
      roomId: room.roomId,
      siteId: room.siteId,
      name: room.name,
      keyVersion: room.keyVersion,
    }));
  },

  /** SHA-256 of the public key that is held for a version. */
  keyPrint: (roomId: string, version: number): Promise<string | undefined> =>
    client().keyPrint(roomId, version),

  async openDirect(account: string): Promise<RoomReference> {
    const { roomId, siteId, done } = await client().openDirect(account);
    await done;
    return { roomId, siteId };
  },

  async send(room: RoomReference, content: string): Promise<void> {
    await client().send(room, { content });
  },

  /** Opens a sealed event as it stood on the wire. */
  open: (event: RoomEvent): Promise<Opening> => client().open(event),

  /** Contents of the messages that were shown of a room, in their order. */
  shown: (roomId: string): string[] =>
    events.flatMap((event) =>
      event.type === "message" && event.roomId === roomId && !event.message.system
        ? [event.message.content]
        : [],
    ),

  /** The types of the events so far. */
  eventTypes: (): string[] => events.map(({ type }) => type),
};

export type Page = typeof page;

Object.assign(globalThis, { [PAGE_NAME]: page });
