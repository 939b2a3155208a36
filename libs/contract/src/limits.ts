/** Sizes in bytes, counts, and times in milliseconds that both sides of the wire rely on (SPEC-rooms 1.4). */
export const LIMITS = {
  /** What a broker must take at least. */
  payloadBytesMin: 1_048_576,
  /** A reply stays this far below the broker's `max_payload`. */
  replyMarginBytes: 8_192,
  /** A stored event or snapshot stays this far below it: headers and acknowledgement need room. */
  eventMarginBytes: 16_384,
  requestBodyBytes: 262_144,
  sendBodyBytes: 65_536,
  contentBytes: 20_480,
  roomNameCodePoints: 100,
  usersPerRequest: 1000,
  orgsPerRequest: 100,
  orgsPerRoom: 100,
  channelsPerRequest: 20,
  /** People a room must have to be restricted. */
  restrictedPeopleMin: 5,
  mentionsPerMessage: 100,
  attachmentsPerMessage: 10,
  /** Of each text that describes an attachment. */
  attachmentTextBytes: 1024,
  emojiBytes: 32,
  /** Distinct ones. */
  emojiPerMessage: 50,
  messagesPerGet: 100,
  inFlightPerAccount: 16,
  inFlightPerPeer: 32,
  commandsPerSecondPerAccount: 10,
  commandBurstPerAccount: 50,
  /** How long an append is tried again after the request was received. */
  appendPatienceMs: 2000,
  answerWithinMs: 5000,
  /** A room remembers its newest request ids with their outcome. */
  recentRequests: 256,
  directoryCacheMs: 5000,
  /** Snapshots are taken each so many revisions. */
  snapshotEveryRevisions: 64,
  /** A room rotates for revoked devices at most once in this time. */
  dueRotationPauseMs: 600_000,
  jobResultRepeatMs: 3_600_000,
} as const;
