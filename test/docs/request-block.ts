import assert from "node:assert/strict";

import type { AnyRequest } from "@parley/contract/request";

import { alternativesOf, type Schema } from "./describe-schema.ts";
import { code, json, sections, table } from "./markdown.ts";
import type { RequestPage } from "./request-page.ts";
import { EXAMPLE_TOKENS } from "./requests.ts";

const ASKED: Readonly<Record<AnyRequest["asks"], string>> = {
  own: "your own site",
  home: "the room's home site",
  nearest: "your own site first, then the room's home",
  server: "another process",
};

/** The fields of a body, reply or event; several tables for a choice of forms. */
export function fieldTable(schema: Schema): string {
  const tables = alternativesOf(schema).map((fields) =>
    fields.length === 0
      ? "No fields: `{}`."
      : table(
          ["field", "form"],
          fields.map(({ name, form }) => [code(name), form]),
        ),
  );
  return tables.join("\n\nor\n\n");
}

function requestSection(page: RequestPage): string {
  const { declaration, about, refusals, body, reply } = page;
  const { operation, subject, asks } = declaration;
  declaration.body.parse(body);
  assert.deepEqual(
    declaration.reply.parse(reply),
    reply,
    `the example reply of ${operation} is not its reply`,
  );
  const { userId: _, ...tokens } = EXAMPLE_TOKENS;
  const example = (subject as { of(tokens: object): string }).of(tokens);
  return sections(
    `#### ${operation}`,
    about,
    `- Subject: ${code(subject.template)}\n- Asks: ${ASKED[asks]}\n- Refusals of its own: ${refusals.map(code).join(", ")}`,
    "Body:",
    fieldTable(declaration.body),
    "Reply:",
    fieldTable(declaration.reply),
    `Example: to ${code(example)}`,
    json(body),
    "answers",
    json(reply),
  );
}

/** A group of requests, one section each. */
export const requestsBlock = (pages: readonly RequestPage[]): string =>
  sections(...pages.map(requestSection));
