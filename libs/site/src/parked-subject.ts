import { canonicalSubjects } from "@parley/contract/events";
import { Failure } from "@parley/contract/failure";

/** The tokens of a subject; `undefined` when it is none of the family. */
export function tokensIn<T>(family: { parse(subject: string): T }, subject: string): T | undefined {
  try {
    return family.parse(subject);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return undefined;
  }
}

/** Every family of subjects under which a stream that is consumed stores messages. */
const FAMILIES = [
  canonicalSubjects.roomStored,
  canonicalSubjects.messageStored,
  canonicalSubjects.outbox,
  canonicalSubjects.inboxRepair,
];

/** The room that a stored subject names, if it names one. */
export const roomIdIn = (subject: string): string | undefined =>
  FAMILIES.map((family) => tokensIn<{ readonly roomId: string }>(family, subject)).find(Boolean)?.roomId;
