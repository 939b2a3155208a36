import * as messages from "@parley/contract/messages";
import * as roomRequests from "@parley/contract/room-requests";
import * as shapes from "@parley/contract/shapes";
import * as tokens from "@parley/contract/tokens";

/** The part of a zod schema that its description is read from; zod itself is no dependency of the tests. */
export interface Schema {
  readonly _zod: { readonly def: SchemaDefinition };
}

interface SchemaDefinition {
  readonly type: string;
  readonly checks?: readonly { readonly _zod: { readonly def: object } }[] | undefined;
  readonly innerType?: Schema;
  readonly element?: Schema;
  readonly in?: Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly options?: readonly Schema[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
  readonly defaultValue?: unknown;
}

interface CheckDefinition {
  readonly check: string;
  readonly maximum?: number;
  readonly minimum?: number;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly error?: (issue: object) => string | { readonly message: string };
}

/** Schemas that have a name of their own: where one of them stands, its name says enough. */
const NAMES: ReadonlyMap<object, string> = new Map<object, string>([
  [tokens.accountName, "account"],
  [tokens.orgId, "org id"],
  [tokens.siteId, "site id"],
  [tokens.userId, "user id"],
  [tokens.roomId, "room id"],
  [tokens.messageId, "message id"],
  [tokens.clientMessageId, "message id of exactly 20 letters or digits"],
  [tokens.requestId, "request id"],
  [shapes.moment, "epoch ms"],
  [shapes.revision, "revision (1, 2, 3 …)"],
  [shapes.keyVersion, "key version (0, 1, 2 …)"],
  [shapes.base64, "base64"],
  [shapes.roomView, "`room`"],
  [shapes.subscriptionView, "`subscription`"],
  [shapes.memberEntry, "member entry"],
  [roomRequests.memberRow, "member row"],
  [roomRequests.orgRow, "org row"],
  [roomRequests.roomListRow, "room row"],
  [messages.messageView, "`message`"],
  [messages.sealed, "`sealed`"],
]);

const checksOf = (schema: Schema): CheckDefinition[] =>
  (schema._zod.def.checks ?? []).map((check) => check._zod.def as CheckDefinition);

function sentenceOf(check: CheckDefinition): string | undefined {
  const told = check.error?.({});
  if (told !== undefined) return typeof told === "string" ? told : told.message;
  if (check.check === "max_length") return `at most ${check.maximum}`;
  if (check.check === "min_length") return `at least ${check.minimum}`;
  if (check.check === "greater_than")
    return check.inclusive === true ? `at least ${check.value}` : `more than ${check.value}`;
  if (check.check === "less_than") return `at most ${check.value}`;
  return undefined;
}

const withRules = (text: string, schema: Schema): string =>
  [text, ...checksOf(schema).flatMap((check) => sentenceOf(check) ?? [])].join(", ");

const inlineObject = (shape: Readonly<Record<string, Schema>>): string =>
  `{ ${fieldsOf(shape)
    .map(({ name, form }) => `${name}: ${form}`)
    .join("; ")} }`;

const inner = ({ innerType }: SchemaDefinition): string => (innerType ? describeSchema(innerType) : "any");

const FORMS: Readonly<Record<string, (definition: SchemaDefinition, schema: Schema) => string>> = {
  optional: inner,
  default: (definition) => `${inner(definition)}; default ${JSON.stringify(definition.defaultValue)}`,
  array: ({ element }, schema) => withRules(`${element ? describeSchema(element) : "any"}[]`, schema),
  pipe: (definition, schema) => withRules(definition.in ? describeSchema(definition.in) : "any", schema),
  union: ({ options = [] }) => options.map((option) => describeSchema(option)).join(" or "),
  enum: ({ entries = {} }) =>
    Object.values(entries)
      .map((value) => `\`${value}\``)
      .join(" or "),
  literal: ({ values = [] }) => values.map((value) => `\`${String(value)}\``).join(" or "),
  object: ({ shape = {} }) => inlineObject(shape),
  string: (_, schema) => withRules("text", schema),
  number: (_, schema) => withRules("whole number", schema),
  boolean: () => "boolean",
  record: () => "object",
  unknown: () => "any",
};

/** A schema in a few words, for a cell of a table. */
export function describeSchema(schema: Schema): string {
  const name = NAMES.get(schema);
  if (name !== undefined) return name;
  const { def } = schema._zod;
  const form = FORMS[def.type];
  if (!form) throw new Error(`no words for a schema of type ${def.type}`);
  return form(def, schema);
}

/** A field of an object; the name ends in `?` when it may be left out. */
export interface Field {
  readonly name: string;
  readonly form: string;
}

function fieldsOf(shape: Readonly<Record<string, Schema>>): Field[] {
  return Object.entries(shape).map(([name, schema]) => {
    const mayBeLeftOut = ["optional", "default"].includes(schema._zod.def.type);
    return { name: mayBeLeftOut ? `${name}?` : name, form: describeSchema(schema) };
  });
}

/** The alternatives of a body or reply, each as its fields: one for an object, several for a union of objects. */
export function alternativesOf(schema: Schema): readonly (readonly Field[])[] {
  const { type, shape, options = [] } = schema._zod.def;
  if (type === "object" && shape) return [fieldsOf(shape)];
  if (type === "union") return options.flatMap((option) => alternativesOf(option));
  throw new Error(`a body or reply of type ${type} has no fields`);
}
