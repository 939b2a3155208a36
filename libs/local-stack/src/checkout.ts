import { join } from "node:path";

/** The root of the checkout this file belongs to. */
const root = join(import.meta.dirname, "../../..");

/** A path inside the checkout, absolute whatever the working directory is. */
export function inCheckout(...segments: string[]): string {
  return join(root, ...segments);
}
