/** A part of a list: `after` is the `next` of the page before. */
export interface Page {
  readonly after?: string;
  readonly limit?: number;
}

/** All pages of a list, from the first to the one without `next`. */
export async function* pagesOf<P extends { readonly next?: string | undefined }>(
  ask: (page: Page) => Promise<P>,
): AsyncGenerator<P> {
  let page = await ask({});
  yield page;
  while (page.next !== undefined) {
    page = await ask({ after: page.next });
    yield page;
  }
}
