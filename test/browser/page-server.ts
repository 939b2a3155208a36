import { once } from "node:events";
import { createServer } from "node:http";

/** What an application may serve its pages with: nothing is evaluated, and nothing but brokers is connected to. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src ws: wss:";

/** A page on this machine, which is trusted with WebCrypto without TLS. */
export interface PageServer extends AsyncDisposable {
  readonly url: string;
}

/** Serves a page that runs one script and shows nothing. */
export async function servePage(script: string): Promise<PageServer> {
  const files: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {
    "/": { type: "text/html", text: '<!doctype html><script type="module" src="/page.js"></script>' },
    "/page.js": { type: "text/javascript", text: script },
  };
  const server = createServer(({ url = "" }, response) => {
    const file = files[url];
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    const headers = { "content-type": `${file.type}; charset=utf-8`, "content-security-policy": POLICY };
    response.writeHead(200, headers).end(file.text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the page has no port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
