import { keyAcknowledgement } from "@parley/contract/devices";
import { Failure } from "@parley/contract/failure";
import { clientSubjects } from "@parley/contract/notices";
import type { Log, Recorder } from "@parley/contract/observe";
import { createAccountRate } from "@parley/messaging/account-rate";
import type { DirectoryCache } from "@parley/mongo/directory-cache";
import { type KeyAck, type KeyAckStore, recipientName } from "@parley/room-keys/key-ack-store";

/** How long acks are gathered, so that many are noted at once (ms). Nobody waits for them. */
const GATHER_MS = 50;
/** Acks waiting to be noted; beyond it they are dropped, which costs a re-send each. */
const WAITING_MAX = 10_000;
/** Of one account: a client that comes back acknowledges all its rooms at once, and nobody so many for long. */
const RATE = { perSecond: 100, burst: 2000 } as const;
/** An acknowledgement is far below it; more is not even parsed. */
const PAYLOAD_BYTES_MAX = 256;

interface Deps {
  readonly acks: Pick<KeyAckStore, "acknowledge">;
  /** Whose accounts they are; held long, since an account never changes its home. */
  readonly directory: Pick<DirectoryCache, "findMany">;
  readonly recorder: Recorder;
  readonly log: Log;
}

/** An ack with the home site that its subject names. */
interface HeardAck extends KeyAck {
  readonly homeSite: string;
}

/**
 * Takes what clients acknowledge and notes it in groups. Clients publish whatever they like as often as they like: what
 * is no acknowledgement, or of an account that is not at home where it says, is counted and dropped without an answer,
 * and what waits is bounded.
 */
export interface KeyAckBook extends AsyncDisposable {
  take(subject: string, payload: Uint8Array): void;
}

/** Why an acknowledgement is not noted before anything is asked. */
type DropReason = "malformed" | "overload";

/** What a client said. The subject alone says whose it is. */
function heardAck(subject: string, payload: Uint8Array): HeardAck | "malformed" {
  if (payload.length > PAYLOAD_BYTES_MAX) return "malformed";
  try {
    const { homeSite, account, roomId } = clientSubjects.keyAck.parse(subject);
    const body = keyAcknowledgement.parse(JSON.parse(new TextDecoder().decode(payload)));
    return { homeSite, account, roomId, ...body };
  } catch {
    return "malformed";
  }
}

export function createKeyAckBook({ acks, directory, recorder, log }: Deps): KeyAckBook {
  const waiting = new Map<string, HeardAck>();
  const rate = createAccountRate();
  let noting: Promise<void> | undefined;

  const isTooOften = ({ homeSite, account }: HeardAck): boolean => {
    try {
      rate.take(`${homeSite}\n${account}`, RATE);
      return false;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return true;
    }
  };

  const heard = (subject: string, payload: Uint8Array): HeardAck | DropReason => {
    if (waiting.size >= WAITING_MAX) return "overload";
    const ack = heardAck(subject, payload);
    return ack !== "malformed" && isTooOften(ack) ? "overload" : ack;
  };

  const note = async (gathered: readonly HeardAck[]): Promise<void> => {
    try {
      const entries = await directory.findMany(gathered.map(({ account }) => account));
      const homes = new Map(entries.map(({ account, homeSite }) => [account, homeSite]));
      const own = gathered.filter(({ account, homeSite }) => homes.get(account) === homeSite);
      if (own.length < gathered.length)
        recorder.count("key_acks_dropped_total", { reason: "foreign" }, gathered.length - own.length);
      await acks.acknowledge(own);
    } catch (error) {
      recorder.count("key_acks_dropped_total", { reason: "store" }, gathered.length);
      log.warn("key_acks_not_noted", { acks: gathered.length }, error);
    }
  };

  const noteAll = async (): Promise<void> => {
    while (waiting.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      const gathered = [...waiting.values()];
      waiting.clear();
      await note(gathered);
    }
    noting = undefined;
  };

  return {
    take(subject, payload) {
      const ack = heard(subject, payload);
      if (typeof ack === "string") {
        recorder.count("key_acks_dropped_total", { reason: ack });
        return;
      }
      const place = `${ack.roomId}\n${ack.homeSite}\n${recipientName(ack)}`;
      const known = waiting.get(place);
      if (!known || known.version < ack.version) waiting.set(place, ack);
      noting ??= noteAll();
    },
    async [Symbol.asyncDispose]() {
      await noting;
    },
  };
}
