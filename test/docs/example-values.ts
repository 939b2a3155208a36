import type { HandedKey } from "@parley/contract/devices";
import type { MemberRow } from "@parley/contract/room-requests";
import type { MessageView } from "@parley/contract/messages";
import type { RoomView, SubscriptionView } from "@parley/contract/shapes";

// Values of the examples: those of test/vectors where it has them.

export const SITE_ID = "site-a";
export const ROOM_ID = "jHjHNiEuCoJo8Nrzp";
export const ANN = "oRnNJiRm4DBwopLGo";
export const BOB = "aSq00HrEHIPae2UHp";
/** The room scalar of the vector `anchor`, version 3. */
export const ROOM_KEY = "6Hi5pmh8GpWdjQrIgJEU3rnTQ4Fs5XIgEsScUCyASJU=";

/** A device of ann's. */
export const DEVICE_ID = "Phone00000000000Ann1";
/** The wrapped key of the vector `anchor`, as it is handed out. */
export const HANDED_KEY: HandedKey = {
  version: 3,
  wrapped: {
    alg: "p256-hkdf-sha256-aes256gcm-wrap",
    ephemeralPublicKey:
      "BLMVz6NDL5C5ixX9HatxhCXn/G36kNvnSIdB1UlPC2U9Bfneg8r1AwPrwfnXjiQM+ruiJwh9JvoSsyAHqmaFqsA=",
    nonce: "6TYj9dj4Hk/LUSIR",
    ciphertext: "XvYTSnzbcqQNgy/ZpTCEhWId23LcMK7UeCRaAmycHSp7/vWPpKYFxjf6j1aIzQJh",
  },
  rosterDigest: "0df5aa10cd132e97cfe5133a986ed5ac5db64cf4d27db98e058928bafcad3a23",
  revision: 4,
};

export const exampleRoom: RoomView = {
  roomId: ROOM_ID,
  siteId: SITE_ID,
  type: "channel",
  name: "Plans",
  memberCount: 3,
  agentCount: 0,
  settings: { restricted: false, externalAccess: true },
  keyVersion: 3,
  createdAt: 1_750_000_000_000,
  revision: 4,
};

export const exampleSubscription: SubscriptionView = {
  role: "owner",
  individual: true,
  viaOrgs: [],
  joinedAt: 1_750_000_000_000,
  keyFrom: 0,
  muted: false,
  favourite: false,
};

export const exampleMember: MemberRow = {
  account: "bob",
  userId: BOB,
  siteId: SITE_ID,
  kind: "person",
  name: "Bob Baker",
  role: "member",
  individual: true,
  viaOrgs: ["eng"],
  joinedAt: 1_750_000_000_000,
  historySharedSince: 1_750_000_000_000,
  keyFrom: 1,
};

export const exampleMessage: MessageView = {
  messageId: "0000000000000000Msg1",
  roomId: ROOM_ID,
  createdAt: 1_750_000_002_000,
  sender: { account: "ann", userId: ANN, kind: "person", name: "Ann Archer" },
  content: "hello",
  mentions: ["bob"],
};
