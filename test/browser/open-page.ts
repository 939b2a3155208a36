import { join } from "node:path";

import { bundleForBrowser } from "./bundle.ts";
import { startChromium } from "./chromium.ts";
import { PAGE_NAME } from "./page-name.ts";
import { servePage } from "./page-server.ts";
import type { Page } from "./page.ts";

/** What a function of the page comes to. */
type Answer<F extends keyof Page> = Awaited<ReturnType<Page[F]>>;

/** The page of `page.ts` in a browser of its own. */
export interface OpenPage extends AsyncDisposable {
  /** Calls a function in the page. @throws what it throws there */
  call<F extends keyof Page>(name: F, ...args: Parameters<Page[F]>): Promise<Answer<F>>;
  /** Everything that was thrown in the page and caught by nobody, and what the client reported. */
  readonly uncaught: readonly string[];
}

/** Bundles, serves and opens the page. @throws when there is no browser, or the page needs something of Node */
export async function openPage(): Promise<OpenPage> {
  await using opening = new AsyncDisposableStack();
  const server = opening.use(await servePage(await bundleForBrowser(join(import.meta.dirname, "page.ts"))));
  const browser = opening.use(await startChromium());
  const { evaluate, uncaught } = await browser.open(server.url);
  const opened = opening.move();
  return {
    uncaught,
    call: <F extends keyof Page>(name: F, ...args: Parameters<Page[F]>) =>
      evaluate(`${PAGE_NAME}.${name}(...${JSON.stringify(args)})`) as Promise<Answer<F>>,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
