/*
 * The closed list of what this server accepts. Whatever is not here is answered with a MongoDB error, never with a guess;
 * a command listener in the product's tests checks with `findUnsupported` that nothing else is sent.
 */

/** Fields any command may carry. Sessions, concerns and time limits are accepted; one server in memory needs none of them. */
export const GENERIC_FIELDS = [
  "$db",
  "lsid",
  "$clusterTime",
  "$readPreference",
  "readConcern",
  "writeConcern",
  "maxTimeMS",
  "comment",
] as const;

const HELLO_FIELDS = [
  "helloOk",
  "client",
  "compression",
  "loadBalanced",
  "topologyVersion",
  "maxAwaitTimeMS",
  "saslSupportedMechs",
  "speculativeAuthenticate",
  "backpressure",
] as const;

/** Every command with the fields it may have beside `GENERIC_FIELDS` and its own name. */
export const COMMANDS = {
  hello: HELLO_FIELDS,
  isMaster: HELLO_FIELDS,
  ismaster: HELLO_FIELDS,
  ping: [],
  buildInfo: [],
  buildinfo: [],
  endSessions: [],
  insert: ["documents", "ordered", "bypassDocumentValidation"],
  update: ["updates", "ordered", "bypassDocumentValidation"],
  delete: ["deletes", "ordered"],
  find: [
    "filter",
    "sort",
    "projection",
    "hint",
    "skip",
    "limit",
    "batchSize",
    "singleBatch",
    "noCursorTimeout",
    "allowDiskUse",
  ],
  getMore: ["collection", "batchSize"],
  killCursors: ["cursors"],
  findAndModify: [
    "query",
    "sort",
    "remove",
    "update",
    "new",
    "fields",
    "upsert",
    "hint",
    "bypassDocumentValidation",
  ],
  aggregate: ["pipeline", "cursor", "hint", "allowDiskUse", "bypassDocumentValidation"],
  count: ["query", "limit", "skip", "hint"],
  distinct: ["key", "query", "hint"],
  create: [],
  createIndexes: ["indexes", "commitQuorum"],
  listIndexes: ["cursor"],
  dropIndexes: ["index"],
  listCollections: ["filter", "cursor", "nameOnly", "authorizedCollections"],
  drop: [],
  dropDatabase: [],
  listDatabases: ["filter", "nameOnly", "authorizedDatabases"],
  explain: ["verbosity"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type CommandName = keyof typeof COMMANDS;

/** Fields of one statement inside `updates` and `deletes`. */
export const UPDATE_STATEMENT_FIELDS = ["q", "u", "upsert", "multi", "hint"] as const;
export const DELETE_STATEMENT_FIELDS = ["q", "limit", "hint"] as const;

/** Fields of one definition inside `createIndexes`; `background` and `v` are accepted and mean nothing here. */
export const INDEX_FIELDS = [
  "key",
  "name",
  "unique",
  "sparse",
  "partialFilterExpression",
  "expireAfterSeconds",
  "background",
  "v",
] as const;

/** Operators that combine whole filters. */
export const LOGICAL_OPERATORS = ["$and", "$or", "$nor", "$expr", "$comment"] as const;

/** Operators on one field of a filter. */
export const FIELD_OPERATORS = [
  "$eq",
  "$ne",
  "$gt",
  "$gte",
  "$lt",
  "$lte",
  "$in",
  "$nin",
  "$exists",
  "$type",
  "$regex",
  "$options",
  "$not",
  "$elemMatch",
  "$all",
  "$size",
  "$mod",
] as const;

export const UPDATE_OPERATORS = [
  "$set",
  "$setOnInsert",
  "$unset",
  "$inc",
  "$mul",
  "$min",
  "$max",
  "$rename",
  "$currentDate",
  "$push",
  "$addToSet",
  "$pull",
  "$pullAll",
  "$pop",
] as const;

/** What `$push` takes beside its values; `$addToSet` takes `$each` alone. */
export const PUSH_MODIFIERS = ["$each", "$position", "$slice"] as const;

/** Stages of `aggregate`. */
export const PIPELINE_STAGES = [
  "$match",
  "$sort",
  "$skip",
  "$limit",
  "$project",
  "$set",
  "$addFields",
  "$unset",
  "$replaceRoot",
  "$replaceWith",
  "$count",
  "$unwind",
  "$group",
  "$lookup",
] as const;

/** Stages an update may consist of. */
export const UPDATE_STAGES = [
  "$set",
  "$addFields",
  "$unset",
  "$project",
  "$replaceRoot",
  "$replaceWith",
] as const;

export const EXPRESSION_OPERATORS = [
  "$literal",
  "$cond",
  "$switch",
  "$ifNull",
  "$eq",
  "$ne",
  "$gt",
  "$gte",
  "$lt",
  "$lte",
  "$cmp",
  "$and",
  "$or",
  "$not",
  "$add",
  "$subtract",
  "$multiply",
  "$divide",
  "$min",
  "$max",
  "$sum",
  "$concat",
  "$toLower",
  "$toUpper",
  "$size",
  "$in",
  "$isArray",
  "$type",
  "$arrayElemAt",
  "$first",
  "$last",
  "$concatArrays",
  "$filter",
  "$map",
  "$setUnion",
  "$setDifference",
  "$setIntersection",
  "$mergeObjects",
  "$objectToArray",
  "$arrayToObject",
  "$let",
] as const;

export const ACCUMULATORS = [
  "$sum",
  "$avg",
  "$min",
  "$max",
  "$first",
  "$last",
  "$push",
  "$addToSet",
  "$count",
] as const;

const OPERATORS: ReadonlySet<string> = new Set([
  ...LOGICAL_OPERATORS,
  ...FIELD_OPERATORS,
  ...UPDATE_OPERATORS,
  ...PUSH_MODIFIERS,
  ...PIPELINE_STAGES,
  ...EXPRESSION_OPERATORS,
  ...ACCUMULATORS,
]);

/** Parts of a command that hold stored data and not operators. */
const DATA_FIELDS: ReadonlySet<string> = new Set(["documents", ...GENERIC_FIELDS]);

/**
 * Names every command, field and operator of a sent command that this server would refuse; empty when there is none.
 * Made for the driver's `commandStarted` event.
 */
export function findUnsupported(commandName: string, command: Readonly<Record<string, unknown>>): string[] {
  if (!Object.hasOwn(COMMANDS, commandName)) return [commandName];
  const accepted = new Set<string>([...COMMANDS[commandName as CommandName], ...GENERIC_FIELDS, commandName]);
  const unsupported: string[] = [];
  for (const [field, value] of Object.entries(command)) {
    if (!accepted.has(field)) unsupported.push(`${commandName}.${field}`);
    else if (!DATA_FIELDS.has(field)) collectUnknownOperators(value, unsupported);
  }
  return unsupported;
}

function collectUnknownOperators(value: unknown, unsupported: string[]): void {
  if (Array.isArray(value)) {
    for (const element of value) collectUnknownOperators(element, unsupported);
  } else if (
    typeof value === "object" &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    for (const [name, inner] of Object.entries(value)) {
      if (name.startsWith("$") && !OPERATORS.has(name)) unsupported.push(name);
      collectUnknownOperators(inner, unsupported);
    }
  }
}
