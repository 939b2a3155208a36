import { pause } from "@parley/concurrency/pause";
import { Failure } from "@parley/contract/failure";
import { uuidV7 } from "@parley/contract/ids";
import { LIMITS } from "@parley/contract/limits";
import type { Log, Recorder } from "@parley/contract/observe";
import type { RequestDeclaration } from "@parley/contract/request";
import { pingSite } from "@parley/contract/server-requests";
import type { TokensOf } from "@parley/contract/subject";
import type { z } from "zod";

import { sendRequest, Unanswered } from "./ask-process.ts";
import type { Broker } from "./connect-nats.ts";
import { createPeerHealth, type PeerHealth } from "./peer-health.ts";
import { traceHeaders, traceOf, type Trace } from "./trace.ts";

const PING_EVERY_MS = 10_000;
/** A peer that does not answer is asked this often; also how long its pings are waited for. */
const PING_AGAIN_MS = 1000;
/** How long a peer that answered the last ping may take for the next. */
const PING_PATIENCE_MS = 2000;
/** How long a request to a peer may take unless told: the caller's own answer is due within 5 s. */
const CALL_TIMEOUT_MS = 4000;
/** How long the ping of the largest size may take. */
const FULL_PING_TIMEOUT_MS = 5000;
const MS_PER_SECOND = 1000;

/** A request between sites, as every server request is: to one site, from another. */
type SiteTemplate = `${string}.{siteId}.${string}.{fromSite}`;

interface AskedPeer<B extends z.ZodType> {
  readonly peer: string;
  readonly body: z.input<B>;
  readonly trace: Trace;
  /** Milliseconds; 4 s unless told. */
  readonly timeoutMs?: number;
}

/** The other sites of the federation, as far as this process talks to them. Disposing ends the pings. */
export interface Peers extends Disposable {
  /**
   * Asks a peer and answers its reply. Throws the `Failure` it was refused with; `home_site_unreachable` when it is no
   * configured peer, nobody answers there, or two calls in a row were not answered in time and no ping has been since;
   * `overloaded` while 32 calls to it are under way.
   */
  ask<T extends SiteTemplate, B extends z.ZodType, R extends z.ZodType>(
    declaration: RequestDeclaration<T, B, R>,
    asked: AskedPeer<B>,
  ): Promise<z.output<R>>;
  /** Whether the peer answered its last ping. */
  isUp(peer: string): boolean;
  /** Asks the peer now, whatever is known of it: whether anything came back within a second, a refusal included. */
  answers(peer: string): Promise<boolean>;
}

interface Deps {
  readonly broker: Broker;
  readonly siteId: string;
  readonly peers: readonly string[];
  /** Site time. */
  readonly clock: { now(): number };
  readonly recorder: Recorder;
  readonly log: Log;
}

interface Peer {
  readonly siteId: string;
  readonly health: PeerHealth;
  calls: number;
  skewSeconds: number;
  takesLargeMessages: boolean;
  /** Ends the pause before the next ping. */
  wake: AbortController;
}

const unreachable = (peer: string, cause?: unknown): Failure =>
  new Failure("home_site_unreachable", {
    metadata: { siteId: peer, retryAfterMs: PING_AGAIN_MS },
    detail: `site ${peer} does not answer`,
    cause,
  });

/** One ping. Throws when no answer comes. */
const ping = (deps: Deps, siteId: string, timeoutMs: number) =>
  sendRequest(deps.broker, pingSite, {
    tokens: { siteId, fromSite: deps.siteId },
    body: {},
    trace: traceOf(undefined, uuidV7()),
    timeoutMs,
  });

/** One ping whose answer says how far the peer's clock is ahead. Throws when none comes. */
async function pingForClock(deps: Deps, peer: Peer): Promise<void> {
  const sentAt = deps.clock.now();
  const { at } = await ping(deps, peer.siteId, peer.health.isUp() ? PING_PATIENCE_MS : PING_AGAIN_MS);
  peer.skewSeconds = (at - (sentAt + deps.clock.now()) / 2) / MS_PER_SECOND;
}

/**
 * Asks for any answer to the largest request there may be: a hub on the way may take less than the sites. Not repeated
 * once it failed, for a hub may end the link because of it.
 */
async function pingInFull(deps: Deps, peer: Peer): Promise<void> {
  if (!peer.takesLargeMessages) return;
  const { broker, siteId, log } = deps;
  const payload = Buffer.alloc(broker.payloadBytesMax - LIMITS.replyMarginBytes, " ");
  const subject = pingSite.subject.of({ siteId: peer.siteId, fromSite: siteId });
  try {
    await broker.connection.request(subject, payload, {
      timeout: FULL_PING_TIMEOUT_MS,
      headers: traceHeaders(traceOf(undefined, uuidV7())),
    });
  } catch (error) {
    if (!broker.connected()) return;
    peer.takesLargeMessages = false;
    log.error("peer_takes_no_large_messages", { peer: peer.siteId }, error);
  }
}

/** Pings once and keeps what came of it. Answers whether the peer answers now and did not before. */
async function observe(deps: Deps, peer: Peer, stop: AbortSignal): Promise<boolean> {
  const { health, siteId } = peer;
  const wasUp = health.isUp();
  try {
    await pingForClock(deps, peer);
  } catch (error) {
    if (!stop.aborted && !health.isDown()) deps.log.warn("peer_down", { peer: siteId }, error);
    health.pingMissed();
    return false;
  }
  if (health.pingAnswered()) deps.log.info("peer_up", { peer: siteId });
  return !wasUp;
}

/** Pings a peer until stopped. */
async function keepPinging(deps: Deps, peer: Peer, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const startedAt = performance.now();
    if (await observe(deps, peer, stop)) await pingInFull(deps, peer);
    peer.wake = new AbortController();
    const isWell = peer.health.isUp() && !peer.health.isBlocked();
    const everyMs = isWell ? PING_EVERY_MS : PING_AGAIN_MS;
    const untilNextMs = Math.max(0, everyMs - (performance.now() - startedAt));
    await pause(untilNextMs, AbortSignal.any([stop, peer.wake.signal]));
  }
}

async function call<R>(deps: Deps, peer: Peer, send: () => Promise<R>): Promise<R> {
  if (peer.health.isBlocked()) throw unreachable(peer.siteId);
  if (peer.calls >= LIMITS.inFlightPerPeer) throw new Failure("overloaded", { detail: "calls_to_peer" });
  peer.calls += 1;
  try {
    const reply = await send();
    peer.health.callAnswered();
    return reply;
  } catch (error) {
    if (!(error instanceof Unanswered)) {
      peer.health.callAnswered();
      throw error;
    }
    if (error.why === "timeout" && peer.health.callTimedOut()) {
      deps.log.warn("peer_blocked", { peer: peer.siteId });
      peer.wake.abort();
    }
    throw unreachable(peer.siteId, error);
  } finally {
    peer.calls -= 1;
  }
}

const newPeer = (siteId: string): Peer => ({
  siteId,
  health: createPeerHealth(),
  calls: 0,
  skewSeconds: 0,
  takesLargeMessages: true,
  wake: new AbortController(),
});

/** Begins to ping every peer: each 10 s, each second one that does not answer. */
export function openPeers(deps: Deps): Peers {
  const { siteId: fromSite, recorder } = deps;
  const stop = new AbortController();
  const gauges = new DisposableStack();
  const peers = new Map(deps.peers.map((siteId) => [siteId, newPeer(siteId)]));
  for (const peer of peers.values()) {
    const labels = { peer: peer.siteId };
    gauges.use(recorder.gauge("federation_peer_up", labels, () => (peer.health.isUp() ? 1 : 0)));
    gauges.use(recorder.gauge("federation_clock_skew_seconds", labels, () => peer.skewSeconds));
    keepPinging(deps, peer, stop.signal).catch((error: unknown) =>
      deps.log.error("peer_not_pinged", labels, error),
    );
  }

  return {
    async ask<T extends SiteTemplate, B extends z.ZodType, R extends z.ZodType>(
      declaration: RequestDeclaration<T, B, R>,
      { peer: siteId, body, trace, timeoutMs = CALL_TIMEOUT_MS }: AskedPeer<B>,
    ) {
      const peer = peers.get(siteId);
      if (!peer) throw unreachable(siteId);
      const tokens = { siteId, fromSite } as TokensOf<T>;
      return call(deps, peer, () =>
        sendRequest(deps.broker, declaration, { tokens, body, trace, timeoutMs }),
      );
    },
    isUp: (siteId) => peers.get(siteId)?.health.isUp() ?? false,
    answers: (siteId) =>
      ping(deps, siteId, PING_AGAIN_MS).then(
        () => true,
        (error: unknown) => !(error instanceof Unanswered),
      ),
    [Symbol.dispose]: () => {
      stop.abort();
      gauges.dispose();
    },
  };
}
