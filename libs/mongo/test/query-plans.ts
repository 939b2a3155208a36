import type { Db, Document } from "mongodb";

/** A search that a command makes: what it looks for, and in which order. */
export interface SentQuery {
  readonly collection: string;
  readonly filter: Document;
  readonly sort?: Document | undefined;
}

const queryOf = (collection: unknown, filter: Document = {}, sort?: Document): SentQuery => ({
  collection: String(collection),
  filter,
  ...(sort !== undefined && { sort }),
});

const listOf = (value: unknown): readonly Document[] => value as readonly Document[];

/** The searches behind a command, as the driver reports it. */
export function queriesOf(commandName: string, command: Document): readonly SentQuery[] {
  const collection: unknown = command[commandName];
  switch (commandName) {
    case "find":
      return [queryOf(collection, command["filter"], command["sort"])];
    case "findAndModify":
      return [queryOf(collection, command["query"], command["sort"])];
    case "update":
      return listOf(command["updates"]).map(({ q }) => queryOf(collection, q));
    case "delete":
      return listOf(command["deletes"]).map(({ q }) => queryOf(collection, q));
    case "aggregate":
      return [queryOf(collection, listOf(command["pipeline"])[0]?.["$match"])];
    default:
      return [];
  }
}

/** Every stage of a plan, outermost first. */
function stagesOf(plan: Document): readonly Document[] {
  const inner = [
    plan["inputStage"],
    plan["queryPlan"],
    ...((plan["inputStages"] as unknown[] | undefined) ?? []),
  ];
  return [
    plan,
    ...inner.filter((stage) => stage !== undefined).flatMap((stage) => stagesOf(stage as Document)),
  ];
}

/** An index that is walked for its order alone narrows nothing down. */
function narrows({ keyPattern }: Document, filter: Document): boolean {
  const [first = ""] = Object.keys((keyPattern ?? {}) as Document);
  return JSON.stringify(filter).includes(`"${first}":`);
}

/** Whether the server would look at more of a collection than an index leads it to. */
export async function readsWhole(database: Db, { collection, filter, sort }: SentQuery): Promise<boolean> {
  const find = { find: collection, filter, ...(sort && { sort }) };
  const { queryPlanner } = await database.command({ explain: find, verbosity: "queryPlanner" });
  const stages = stagesOf((queryPlanner as { winningPlan: Document }).winningPlan);
  return stages.some(
    (stage) => stage["stage"] === "COLLSCAN" || (stage["stage"] === "IXSCAN" && !narrows(stage, filter)),
  );
}
