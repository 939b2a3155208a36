import { MongoError } from "../mongo-error.ts";
import { compileProjection } from "../query/project.ts";
import { parseSort } from "../query/sort-order.ts";
import { namespaceOf } from "../storage/namespace.ts";
import { parseUpdate } from "../update/apply-update.ts";
import { upsertDocument } from "../update/upsert-seed.ts";
import type { BsonDocument } from "../values/bson-type.ts";
import type { CommandContext, CommandHandler } from "./command.ts";
import { documentField, flagField } from "./fields.ts";

export const findAndModify: CommandHandler = (context, command) => {
  const namespace = namespaceOf(context.database, command["findAndModify"]);
  const project = compileProjection(documentField(command, "fields"));
  const outcome = flagField(command, "remove", false)
    ? removeOne(context, namespace, command)
    : updateOne(context, namespace, command);
  const { value, ...lastErrorObject } = outcome;
  return { lastErrorObject, value: value === null ? null : project(value) };
};

interface Outcome {
  readonly n: number;
  readonly updatedExisting?: boolean;
  readonly upserted?: unknown;
  readonly value: BsonDocument | null;
}

function removeOne({ store }: CommandContext, namespace: string, command: BsonDocument): Outcome {
  if (
    Object.hasOwn(command, "update") ||
    flagField(command, "new", false) ||
    flagField(command, "upsert", false)
  ) {
    throw new MongoError("FailedToParse", "Cannot specify both an update, new or upsert and remove=true");
  }
  const collection = store.collectionToRead(namespace);
  const [stored] = collection.find(oneOf(command));
  if (stored === undefined) return { n: 0, value: null };
  collection.remove(stored);
  return { n: 1, value: stored.document };
}

function updateOne({ store }: CommandContext, namespace: string, command: BsonDocument): Outcome {
  const parsed = parseUpdate(command["update"]);
  const returnsNew = flagField(command, "new", false);
  const collection = store.collectionToRead(namespace);
  const [stored] = collection.find(oneOf(command));
  if (stored !== undefined) {
    const before = stored.document;
    collection.replace(stored, parsed.apply(before, { inserting: false }));
    return { n: 1, updatedExisting: true, value: returnsNew ? stored.document : before };
  }
  if (!flagField(command, "upsert", false)) return { n: 0, updatedExisting: false, value: null };
  const inserted = upsertDocument(documentField(command, "query"), parsed);
  const { document } = store.ensureCollection(namespace).insert(inserted);
  return { n: 1, updatedExisting: false, upserted: document["_id"], value: returnsNew ? document : null };
}

const oneOf = (command: BsonDocument) => ({
  filter: documentField(command, "query"),
  sort: parseSort(documentField(command, "sort")),
  limit: 1,
});
