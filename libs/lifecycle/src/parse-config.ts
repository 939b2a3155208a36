import assert from "node:assert/strict";

import { z } from "zod";

import { EXIT } from "./exit-codes.ts";

/** Values as a process finds them, by variable name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One thing that is wrong. It never holds a value: values may be secret. */
export interface ConfigFault {
  readonly variables: readonly string[];
  readonly problem: string;
  /** Lines as they could stand in an environment file. */
  readonly examples: readonly string[];
}

type ParsedConfig<Config> =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

interface Variable {
  readonly variable: string;
  readonly example: string;
}

/** What a field says of itself with `.meta({ variable, example })`. */
const variableMeta = z.object({ variable: z.string(), example: z.string() });

const variableOf = (schema: z.core.$ZodType): Variable | undefined =>
  variableMeta.safeParse(z.globalRegistry.get(schema)).data;

/**
 * Reads a configuration. `schema` is an object whose fields carry `.meta({ variable, example })`; a field that needs
 * several variables is itself such an object, transformed. Fields do not see each other, so every fault is found.
 * Variables that no field names are left alone.
 */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment,
): ParsedConfig<z.output<Schema>> {
  const result = schema.safeParse(inputOf(schema, environment));
  if (result.success) return { ok: true, config: result.data };
  return { ok: false, faults: result.error.issues.map((issue) => faultOf(issue, { schema, environment })) };
}

/** Every fault in one message, each with variable, problem and example. */
export function describeFaults(faults: readonly ConfigFault[]): string {
  const lines = faults.flatMap(({ variables, problem, examples }) => [
    `  ${variables.join(" or ")} ${problem}`,
    ...examples.map((example) => `      for example ${example}`),
  ]);
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  return `The configuration has ${count}; nothing was started.\n${lines.join("\n")}\n`;
}

/**
 * Reads a configuration or ends the process with exit code 1, all faults on `stderr`. To be called before anything is
 * opened.
 */
export function readConfig<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment,
  host: { exit(code: number): never; stderr: { write(text: string): unknown } } = process,
): z.output<Schema> {
  const parsed = parseConfig(schema, environment);
  if (parsed.ok) return parsed.config;
  host.stderr.write(describeFaults(parsed.faults));
  return host.exit(EXIT.failed);
}

/** The fields of an object, also of one that is transformed. */
function fieldsOf(schema: z.core.$ZodType): readonly (readonly [string, z.core.$ZodType])[] {
  if (schema instanceof z.ZodPipe) return fieldsOf(schema.in);
  assert(schema instanceof z.ZodObject, "a field of a configuration names its variable in its meta");
  return Object.entries(schema.shape);
}

function inputOf(schema: z.core.$ZodType, environment: Environment): unknown {
  const own = variableOf(schema);
  if (own !== undefined) return environment[own.variable];
  return Object.fromEntries(fieldsOf(schema).map(([name, field]) => [name, inputOf(field, environment)]));
}

function faultOf(
  issue: z.core.$ZodIssue,
  { schema, environment }: { schema: z.core.$ZodType; environment: Environment },
): ConfigFault {
  const variables = variablesAt(schema, issue.path);
  const missing =
    issue.code === "invalid_type" && variables.every(({ variable }) => environment[variable] === undefined);
  return {
    variables: variables.map(({ variable }) => variable),
    problem: missing ? "is required" : issue.message,
    examples: variables.map(({ variable, example }) => `${variable}=${example}`),
  };
}

/** The variables behind an issue: the one at its path, or every one below it. */
function variablesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly Variable[] {
  const own = variableOf(schema);
  if (own !== undefined) return [own];
  const [head, ...rest] = path;
  return fieldsOf(schema)
    .filter(([name]) => head === undefined || name === head)
    .flatMap(([, field]) => variablesAt(field, rest));
}
