import { ParleyError } from "@parley/client/client";

/** The reason of a refusal, or that there was none. */
export const outcomeOf = (request: Promise<unknown>): Promise<string | undefined> =>
  request.then(
    () => "accepted",
    (error: unknown) => {
      if (error instanceof ParleyError) return error.reason;
      throw error;
    },
  );
