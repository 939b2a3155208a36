import { Failure } from "@parley/contract/failure";

/** A place in a listing ordered by a moment (epoch ms), then by an id in byte order. */
export interface MomentPlace {
  readonly at: number;
  readonly id: string;
}

/** Moments in safe integers have at most 16 digits. */
const FORM = /^(\d{1,16})-(.+)$/su;

/** The text form `{at}-{id}` of such a place. */
export const momentCursor = {
  of: (place: MomentPlace): string => `${place.at}-${place.id}`,

  /**
   * @param field where the request carried it, for the caller's information
   * @throws Failure `invalid_request` when the text is not a cursor
   */
  parse(text: string, field: string): MomentPlace {
    const [, at = "", id = ""] = FORM.exec(text) ?? [];
    if (id === "" || !Number.isSafeInteger(Number(at))) {
      throw new Failure("invalid_request", {
        metadata: { issues: [{ path: field, message: "must be the `next` of an earlier page" }] },
      });
    }
    return { at: Number(at), id };
  },
} as const;
