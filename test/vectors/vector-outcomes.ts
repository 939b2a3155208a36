import { portableSuite } from "@parley/room-crypto/portable-suite";

import { contentChecks } from "./content-checks.ts";
import type { ContentVector } from "./content-vectors.ts";
import { idChecks, type IdVector } from "./id-checks.ts";
import { rosterChecks, type RosterVector } from "./roster-checks.ts";
import { sealChecks } from "./seal-checks.ts";
import type { SealVector } from "./seal-vectors.ts";
import type { VectorCheck } from "./vector-check.ts";
import { wrapChecks } from "./wrap-checks.ts";
import type { WrapVector } from "./wrap-vectors.ts";

/** The vector files by name, and what each holds. */
export interface VectorFiles {
  readonly "content.json": ContentVector;
  readonly "ids.json": IdVector;
  readonly "roster.json": RosterVector;
  readonly "seal.json": SealVector;
  readonly "seal-committed.json": SealVector;
  readonly "wrap.json": WrapVector;
}

/** What came of one vector, tried in one way. */
export interface VectorOutcome {
  readonly name: string;
  readonly by: string;
  /** Why it does not hold; absent when it does. */
  readonly failure?: string;
}

const PORTABLE = "the portable suite";
const ofSeals = sealChecks(PORTABLE, portableSuite);

/** Every check that needs nothing of Node. */
const CHECKS: { readonly [F in keyof VectorFiles]: readonly VectorCheck<VectorFiles[F]>[] } = {
  "content.json": contentChecks(PORTABLE, portableSuite),
  "ids.json": idChecks,
  "roster.json": rosterChecks,
  "seal.json": ofSeals,
  "seal-committed.json": ofSeals,
  "wrap.json": wrapChecks(PORTABLE, portableSuite),
};

/** Tries each vector of a file in every way there is without Node. */
export async function vectorOutcomes<F extends keyof VectorFiles>(
  file: F,
  vectors: readonly VectorFiles[F][],
): Promise<VectorOutcome[]> {
  const outcomes: VectorOutcome[] = [];
  for (const vector of vectors)
    for (const check of CHECKS[file])
      if (check.covers?.(vector) ?? true) outcomes.push(await outcomeOf(vector, check));
  return outcomes;
}

async function outcomeOf<V extends { readonly name: string }>(
  vector: V,
  { by, check }: VectorCheck<V>,
): Promise<VectorOutcome> {
  try {
    await check(vector);
    return { name: vector.name, by };
  } catch (error) {
    return { name: vector.name, by, failure: String(error) };
  }
}
