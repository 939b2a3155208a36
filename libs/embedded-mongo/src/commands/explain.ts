import { MongoError } from "../mongo-error.ts";
import { COMMANDS, GENERIC_FIELDS } from "../product-commands.ts";
import { namespaceOf } from "../storage/namespace.ts";
import { type BsonDocument, isDocument } from "../values/bson-type.ts";
import type { CommandHandler } from "./command.ts";
import { assertKnownFields } from "./fields.ts";
import { searchOf } from "./find.ts";

/** Explains `find` only: which index is used, and whether the result has to be sorted afterwards. */
export const explain: CommandHandler = ({ store, database }, command) => {
  const explained = command["explain"];
  if (!isDocument(explained) || !Object.hasOwn(explained, "find")) {
    throw new MongoError("CommandNotFound", "the embedded server explains find only");
  }
  assertKnownFields(explained, ["find", ...COMMANDS.find, ...GENERIC_FIELDS], "explain.find");
  const namespace = namespaceOf(database, explained["find"]);
  const search = searchOf(explained);
  const plan = store.collectionToRead(namespace).plan(search);
  const scan: BsonDocument =
    plan === undefined
      ? { stage: "COLLSCAN" }
      : {
          stage: "FETCH",
          inputStage: {
            stage: "IXSCAN",
            indexName: plan.index.definition.name,
            keyPattern: plan.index.definition.key,
            direction: plan.reverse ? "backward" : "forward",
          },
        };
  const sorts = (search.sort ?? []).length > 0 && plan?.sorted !== true;
  return {
    queryPlanner: {
      namespace,
      winningPlan: sorts ? { stage: "SORT", inputStage: scan } : scan,
      rejectedPlans: [],
    },
  };
};
