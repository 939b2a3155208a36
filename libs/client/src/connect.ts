import { type ConnectionOptions, credsAuthenticator, type NatsConnection } from "@nats-io/nats-core";
import { userInboxPrefix } from "@parley/contract/headers";
import { sendMessage } from "@parley/contract/messages";
import type { CryptoSuite } from "@parley/room-crypto/crypto-suite";

import type { Problem } from "./background.ts";
import { type Client, createClient } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { deviceOf, type DeviceOptions } from "./device.ts";
import type { KeyStore } from "./key-store.ts";
import { memoryKeyStore } from "./key-store.memory.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import type { OutboxStore } from "./outbox-store.ts";
import { memoryOutboxStore } from "./outbox-store.memory.ts";
import { createSession, type Session } from "./session.ts";

/** Pause between attempts to reach the broker again, plus up to as much at random (ms). */
const RECONNECT_PAUSE_MS = 1000;

/** How an account proves itself to its site's broker. */
type Authentication =
  | { readonly user: string; readonly password: string }
  /** The text of a NATS credentials file. */
  | { readonly creds: string };

export interface ParleyOptions {
  /** `nats://host:port` in Node, `ws://` or `wss://` in browsers. */
  readonly servers: string | readonly string[];
  /** The account's home site. */
  readonly siteId: string;
  readonly account: string;
  /** Absent for brokers without login. */
  readonly authentication?: Authentication;
  /** Where room keys are kept; in memory without it. */
  readonly keyStore?: KeyStore;
  /**
   * Makes this client a device of the account: its room keys come wrapped for it, and no client of the account gets them
   * in clear any more. Use one store for as long as the device lives.
   */
  readonly device?: DeviceOptions;
  /** Whether the roster of each new key is compared with the members shown; `roster_mismatch` tells. Default: true. */
  readonly checkRosters?: boolean;
  /** Where sends are kept until they are answered; in memory without it. */
  readonly outboxStore?: OutboxStore;
  /** Told what goes wrong in the background; ignored without it. */
  readonly onProblem?: (problem: Problem) => void;
  /** For tests: time and chance. */
  readonly clock?: Clock;
}

/** What differs between Node and browsers. */
export interface Platform {
  readonly connect: (options: ConnectionOptions) => Promise<NatsConnection>;
  readonly suite: CryptoSuite;
}

function connectionOptions(options: ParleyOptions): ConnectionOptions {
  const { servers, siteId, account, authentication } = options;
  const common: ConnectionOptions = {
    servers: typeof servers === "string" ? servers : [...servers],
    name: `parley client ${account}`,
    inboxPrefix: userInboxPrefix(siteId, account),
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_PAUSE_MS,
    reconnectJitter: RECONNECT_PAUSE_MS,
  };
  if (authentication === undefined) return common;
  if ("creds" in authentication) {
    const creds = new TextEncoder().encode(authentication.creds);
    return { ...common, authenticator: credsAuthenticator(creds) };
  }
  return { ...common, user: authentication.user, pass: authentication.password };
}

function outboxOf(session: Session, store: OutboxStore, clock: Clock): Outbox {
  return createOutbox({
    store,
    clock,
    background: session.background,
    attempt({ roomId, siteId, body, requestId }) {
      // One attempt: the outbox repeats by itself, for as long as it takes.
      const call = { tokens: { roomId, siteId }, body, requestId, deadlineMs: 0 };
      return session.requester.call(sendMessage, call);
    },
    onRefused({ roomId, siteId, messageId }, error) {
      session.hub.publish({ type: "send_refused", roomId, siteId, messageId, error });
    },
  });
}

/**
 * Connects an account: resolves when its subscriptions are known to the broker, its rooms are listed and their keys
 * are held. Use it through `connect-node.ts` or `connect-browser.ts`, or bring a platform of your own.
 * @throws {ParleyError} when the site does not answer, or refuses the device: `device_id_reused` for a revoked one
 * @throws the transport's error when the broker is not reached or refuses the login
 */
export async function connectParleyOn(platform: Platform, options: ParleyOptions): Promise<Client> {
  const { siteId, account, clock = systemClock } = options;
  const device = options.device && (await deviceOf(platform.suite, options.device));
  const connection = await platform.connect(connectionOptions(options));
  const session = createSession({
    connection,
    siteId,
    account,
    clock,
    suite: platform.suite,
    device,
    checkRosters: options.checkRosters ?? true,
    keyStore: options.keyStore ?? memoryKeyStore(),
    onProblem: options.onProblem ?? (() => undefined),
  });
  try {
    await session.start();
    const outbox = outboxOf(session, options.outboxStore ?? memoryOutboxStore(), clock);
    await outbox.resume();
    return createClient(session, outbox);
  } catch (error) {
    await session.close();
    throw error;
  }
}
