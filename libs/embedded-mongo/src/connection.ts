import type { Socket } from "node:net";

import { errorReply, runCommand } from "./commands/run-command.ts";
import type { Cursors } from "./cursors.ts";
import type { OpenStore } from "./storage/open-store.ts";
import { createFrameSplitter } from "./wire/frames.ts";
import { decodeRequest, encodeReply, type Request } from "./wire/messages.ts";

export interface ConnectionDeps {
  readonly opened: Pick<OpenStore, "store" | "journal">;
  readonly cursors: Cursors;
}

/**
 * Serves one client until it leaves: one request after the other, so that answers keep the order of the requests. A client that does
 * not read its answers is not read from either. Whatever is no MongoDB message ends this connection only.
 */
export async function serveConnection(
  deps: ConnectionDeps,
  socket: Socket,
  connectionId: number,
): Promise<void> {
  const splitter = createFrameSplitter();
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    for (const frame of splitter.push(chunk)) {
      if (socket.destroyed) return;
      const request = decodeRequest(frame);
      const reply = await answer(deps, request, connectionId);
      if (request.wantsReply && !socket.write(encodeReply(request, reply))) await drained(socket);
    }
  }
}

/** The reply to a write leaves only when the write is on the disk. */
async function answer(deps: ConnectionDeps, { command }: Request, connectionId: number): Promise<Uint8Array> {
  const { store, journal } = deps.opened;
  const { reply, durable } = runCommand({ store, cursors: deps.cursors, connectionId }, command);
  if (!durable) return reply;
  return journal.flushed().then(
    () => reply,
    (error: unknown) => errorReply(error),
  );
}

/** Also resolves when the connection ends, which ends the loop above. */
async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once("drain", resolve).once("close", resolve);
  });
}
