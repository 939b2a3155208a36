import { Int32 } from "bson";

import { MongoError } from "../mongo-error.ts";
import type { PIPELINE_STAGES } from "../product-commands.ts";
import { compileFilter } from "../query/compile-filter.ts";
import { parseSort, sortDocuments } from "../query/sort-order.ts";
import type { Collection, Search } from "../storage/collection.ts";
import { type BsonDocument, isDocument } from "../values/bson-type.ts";
import { toNumber } from "../values/numbers.ts";
import { compileDocumentStage, type DocumentStage, isDocumentStage } from "./document-stages.ts";
import { compileGroup } from "./group-stage.ts";
import { compileLookup } from "./lookup-stage.ts";
import { compileUnwind } from "./unwind-stage.ts";

export type Documents = readonly BsonDocument[];
type Stage = (documents: Documents) => Documents;

/** Finds a collection of the same database; one that is not there is an empty one. */
export type CollectionFinder = (name: string) => Collection;

type ListStage = Exclude<(typeof PIPELINE_STAGES)[number], DocumentStage>;

const LIST_STAGES: Readonly<Record<ListStage, (operand: unknown, find: CollectionFinder) => Stage>> = {
  $match(operand) {
    const matches = compileFilter(documentOf("$match", operand));
    return (documents) => documents.filter(matches);
  },
  $sort(operand) {
    const order = parseSort(documentOf("$sort", operand));
    return (documents) => sortDocuments(documents, order, (document) => document);
  },
  $skip(operand) {
    const count = countOf("$skip", operand, 0);
    return (documents) => documents.slice(count);
  },
  $limit(operand) {
    const count = countOf("$limit", operand, 1);
    return (documents) => documents.slice(0, count);
  },
  $count(operand) {
    if (typeof operand !== "string" || operand === "")
      throw new MongoError("BadValue", "$count needs the name of a field");
    return (documents) => (documents.length === 0 ? [] : [{ [operand]: new Int32(documents.length) }]);
  },
  $unwind: compileUnwind,
  $group: compileGroup,
  $lookup: compileLookup,
};

const isListStage = (name: string): name is ListStage => Object.hasOwn(LIST_STAGES, name);

/**
 * Runs an aggregation; a `$match`, `$sort`, `$skip`, `$limit` it begins with are answered by the indexes.
 *
 * @throws MongoError `BadValue` for a stage that is not in `PIPELINE_STAGES`.
 */
export function runPipeline(
  pipeline: readonly unknown[],
  collection: Collection,
  find: CollectionFinder,
): Documents {
  const stages = pipeline.map(parseStage);
  const { search, rest } = leadingSearch(stages);
  const compiled = rest.map(([name, operand]) => compileStage(name, operand, find));
  const found: Documents = collection.find(search).map(({ document }) => document);
  return compiled.reduce((documents, stage) => stage(documents), found);
}

type ParsedStage = readonly [name: string, operand: unknown];

function parseStage(stage: unknown): ParsedStage {
  const entries = isDocument(stage) ? Object.entries(stage) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) {
    throw new MongoError("BadValue", "A pipeline stage specification object must contain exactly one field.");
  }
  return entry;
}

function leadingSearch(stages: readonly ParsedStage[]): { search: Search; rest: readonly ParsedStage[] } {
  const rest = [...stages];
  const take = (name: string): unknown => (rest[0]?.[0] === name ? rest.shift()?.[1] : undefined);
  const filter = take("$match");
  const sort = take("$sort");
  const skip = take("$skip");
  const limit = take("$limit");
  const search: Search = {
    filter: filter === undefined ? {} : documentOf("$match", filter),
    ...(sort === undefined ? {} : { sort: parseSort(documentOf("$sort", sort)) }),
    ...(skip === undefined ? {} : { skip: countOf("$skip", skip, 0) }),
    ...(limit === undefined ? {} : { limit: countOf("$limit", limit, 1) }),
  };
  return { search, rest };
}

function compileStage(name: string, operand: unknown, find: CollectionFinder): Stage {
  if (isDocumentStage(name)) {
    const apply = compileDocumentStage(name, operand);
    return (documents) => documents.map(apply);
  }
  if (!isListStage(name)) throw new MongoError("BadValue", `Unrecognized pipeline stage name: '${name}'`);
  return LIST_STAGES[name](operand, find);
}

function documentOf(name: string, operand: unknown): BsonDocument {
  if (!isDocument(operand)) throw new MongoError("BadValue", `the ${name} stage needs an object`);
  return operand;
}

function countOf(name: string, operand: unknown, least: number): number {
  const count = toNumber(operand);
  if (count === undefined || !Number.isInteger(count) || count < least) {
    throw new MongoError("BadValue", `the ${name} stage needs a whole number of at least ${least}`);
  }
  return count;
}
