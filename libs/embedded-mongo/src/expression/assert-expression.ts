import { MongoError } from "../mongo-error.ts";
import { EXPRESSION_OPERATORS } from "../product-commands.ts";
import { isDocument } from "../values/bson-type.ts";

const KNOWN: ReadonlySet<string> = new Set(EXPRESSION_OPERATORS);

/**
 * Checks an expression before it is used, so that it is refused also where no document would make it run.
 *
 * @throws MongoError `BadValue` for an operator that is not in `EXPRESSION_OPERATORS`.
 */
export function assertExpression(expression: unknown): void {
  if (Array.isArray(expression)) {
    for (const element of expression) assertExpression(element);
  } else if (isDocument(expression)) {
    for (const [name, operand] of Object.entries(expression)) {
      if (name.startsWith("$") && !KNOWN.has(name))
        throw new MongoError("BadValue", `Unrecognized expression '${name}'`);
      if (name !== "$literal") assertExpression(operand);
    }
  }
}
