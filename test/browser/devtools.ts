import type { Readable, Writable } from "node:stream";

/** Ends a message in either direction. */
const END = "\0";
const ENDED = "the browser has ended";

/** The commands of the DevTools protocol that are used here, with what they take and answer. */
interface Commands {
  readonly "Browser.close": { readonly takes: object; readonly answers: object };
  readonly "Target.createTarget": {
    readonly takes: { readonly url: string };
    readonly answers: { readonly targetId: string };
  };
  readonly "Target.attachToTarget": {
    readonly takes: { readonly targetId: string; readonly flatten: true };
    readonly answers: { readonly sessionId: string };
  };
  readonly "Page.enable": { readonly takes: object; readonly answers: object };
  readonly "Page.navigate": {
    readonly takes: { readonly url: string };
    readonly answers: { readonly errorText?: string };
  };
  readonly "Runtime.enable": { readonly takes: object; readonly answers: object };
  readonly "Runtime.evaluate": {
    readonly takes: {
      readonly expression: string;
      readonly awaitPromise: true;
      readonly returnByValue: true;
    };
    readonly answers: { readonly result: { readonly value?: unknown }; readonly exceptionDetails?: Thrown };
  };
}

/** What a page threw. */
export interface Thrown {
  readonly text: string;
  readonly exception?: { readonly description?: string; readonly value?: unknown };
}

/** What comes without being asked for. */
interface DevtoolsEvent {
  readonly method: string;
  readonly params: { readonly exceptionDetails?: Thrown };
}

type Received =
  | { readonly id: number; readonly result?: unknown; readonly error?: { readonly message: string } }
  | (DevtoolsEvent & { readonly id?: undefined });

/** A Chromium that is told what to do. */
export interface Devtools {
  /** @throws when the browser refuses the command, or ends before it answers */
  call<M extends keyof Commands>(
    method: M,
    params: Commands[M]["takes"],
    sessionId?: string,
  ): Promise<Commands[M]["answers"]>;
  /** Calls `listener` with every event from now on. */
  listen(listener: (event: DevtoolsEvent) => void): void;
}

/** Speaks the DevTools protocol over the two pipes of `--remote-debugging-pipe`. */
export function devtoolsOver({ output, input }: { output: Readable; input: Writable }): Devtools {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const listeners: ((event: DevtoolsEvent) => void)[] = [];
  let lastId = 0;
  let unread = "";
  let ended = false;

  function receive(message: Received): void {
    if (message.id === undefined) {
      for (const listener of listeners) listener(message);
      return;
    }
    const { id, result, error } = message;
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(`the browser refused: ${error.message}`));
  }

  output.setEncoding("utf8");
  output.on("data", (text: string) => {
    const messages = `${unread}${text}`.split(END);
    unread = messages.pop() ?? "";
    for (const message of messages) receive(JSON.parse(message));
  });
  output.on("close", () => {
    ended = true;
    for (const { reject } of waiting.values()) reject(new Error(ENDED));
    waiting.clear();
  });
  return {
    async call<M extends keyof Commands>(method: M, params: Commands[M]["takes"], sessionId?: string) {
      lastId += 1;
      if (ended) throw new Error(ENDED);
      const answer = Promise.withResolvers<unknown>();
      waiting.set(lastId, answer);
      input.write(`${JSON.stringify({ id: lastId, method, params, sessionId })}${END}`);
      return (await answer.promise) as Commands[M]["answers"];
    },
    listen: (listener) => void listeners.push(listener),
  };
}
