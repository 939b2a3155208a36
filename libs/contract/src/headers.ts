/** Header names on the wire (SPEC-rooms 1.3, 10). */
export const HEADERS = {
  requestId: "X-Request-ID",
  traceParent: "traceparent",
  traceState: "tracestate",
  messageId: "Nats-Msg-Id",
  expectedLastSubjectSequence: "Nats-Expected-Last-Subject-Sequence",
  expectedLastSubjectSequenceSubject: "Nats-Expected-Last-Subject-Sequence-Subject",
  parkedSubject: "Parley-Subject",
  parkedStream: "Parley-Stream",
  parkedSequence: "Parley-Sequence",
  parkedAttempts: "Parley-Attempts",
  parkedError: "Parley-Error",
} as const;

/** `Nats-Msg-Id` per publish: the one table of SPEC-rooms 1.3. */
export const messageIds = {
  roomEvent: (roomId: string, requestId: string): string => `${roomId}:${requestId}`,
  messageCreated: (roomId: string, messageId: string): string => `${roomId}:${messageId}`,
  messageChanged: (of: { roomId: string; messageId: string; type: string; requestId: string }): string =>
    `${of.roomId}:${of.messageId}:${of.type}:${of.requestId}`,
  outbox: (of: { roomId: string; revision: number; dest: string }): string =>
    `${of.roomId}:${of.revision}:${of.dest}`,
  outboxSnapshot: (of: { roomId: string; revision: number; dest: string }): string =>
    `${of.roomId}:${of.revision}:${of.dest}:snapshot`,
  outboxFinal: (of: { roomId: string; revision: number; dest: string }): string =>
    `${of.roomId}:${of.revision}:${of.dest}:final`,
  memberState: (of: { roomId: string; account: string; lastSeenAt: number; dest: string }): string =>
    `${of.roomId}:${of.account}:${of.lastSeenAt}:${of.dest}`,
  deviceState: (of: { account: string; revision: number; dest: string }): string =>
    `device:${of.account}:${of.revision}:${of.dest}`,
  dead: (of: { stream: string; sequence: number; process: string }): string =>
    `${of.stream}:${of.sequence}:${of.process}`,
  /** The same for every copy of a message in DEAD, so that two processes that parked it do not have it sent twice. */
  resent: (of: { stream: string; sequence: number }): string => `${of.stream}:${of.sequence}:resent`,
};

/** The inbox prefix under which this account's replies arrive; nothing else is ever answered. */
export const userInboxPrefix = (homeSite: string, account: string): string =>
  `_INBOX.user.${homeSite}.${account}`;
/** The inbox prefix of the processes of a site. */
export const serviceInboxPrefix = (siteId: string): string => `_INBOX.svc.${siteId}`;
/** The inbox prefix of an operator's own login (docs/operations.md). */
export const OPERATOR_INBOX_PREFIX = "_INBOX.operator";
