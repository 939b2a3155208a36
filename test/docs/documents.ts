import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { eventsBlock, noticesBlock, shapesBlock } from "./events.ts";
import { fillBlocks } from "./markdown.ts";
import { clientRequests, protocolPage } from "./protocol-page.ts";
import { reasonsBlock } from "./reasons-block.ts";
import { requestsBlock } from "./request-block.ts";
import { REQUEST_PAGES } from "./requests.ts";
import { configurationBlock, metricsBlock } from "./site-blocks.ts";
import { ROOT } from "./root.ts";

/** A document as it should be. */
export interface ExpectedDocument {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** The formatter's idea of the text, so that a generated document and a formatted one are the same. */
const formatted = (path: string, text: string): string =>
  execFileSync(join(ROOT, "node_modules/.bin/oxfmt"), [`--stdin-filepath=${path}`], {
    cwd: ROOT,
    input: text,
    encoding: "utf8",
  });

function filled(path: string, blocks: Readonly<Record<string, string>>): ExpectedDocument {
  const text = fillBlocks(readFileSync(join(ROOT, path), "utf8"), blocks);
  return { path, text: formatted(path, text) };
}

function assertEveryRequestHasAPage(): void {
  const pages = Object.values(REQUEST_PAGES).flat();
  const described = pages.map(({ declaration }) => declaration.operation).toSorted();
  const declared = clientRequests()
    .map(({ declaration }) => declaration.operation)
    .toSorted();
  assert.deepEqual(
    described,
    declared,
    "test/docs/requests.ts describes other requests than the contract has",
  );
}

/**
 * Every document that is generated or holds generated blocks, as it should be.
 * @throws when an example is not what its schema says, or a document lacks a block's marks
 */
export async function expectedDocuments(): Promise<readonly ExpectedDocument[]> {
  assertEveryRequestHasAPage();
  return [
    { path: "docs/protocol.md", text: formatted("docs/protocol.md", protocolPage()) },
    filled("docs/client-api.md", {
      reasons: reasonsBlock(),
      commands: requestsBlock(REQUEST_PAGES.commands),
      reads: requestsBlock(REQUEST_PAGES.reads),
      messages: requestsBlock(REQUEST_PAGES.messages),
      events: eventsBlock(),
      notices: noticesBlock(),
      shapes: shapesBlock(),
    }),
    filled("docs/operations.md", {
      configuration: await configurationBlock(),
      metrics: metricsBlock(),
    }),
  ];
}
