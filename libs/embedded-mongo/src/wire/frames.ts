/** MongoDB's limit of one message, in bytes. */
export const MESSAGE_BYTES_MAX = 48_000_000;

/** Length, request id, answered id and operation code, four bytes each. */
export const FRAME_HEADER_BYTES = 16;

/** What the peer sent is no MongoDB message; its connection is closed, the others go on. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Cuts a stream of bytes into messages. */
export interface FrameSplitter {
  /** Takes bytes and returns the messages they complete. @throws ProtocolError on an impossible length. */
  push(chunk: Buffer): Buffer[];
}

export function createFrameSplitter(): FrameSplitter {
  let chunks: Buffer[] = [];
  let buffered = 0;
  let needed = 4;

  /** Joins only once enough has come, so that a big message is copied once and not with every chunk. */
  function joined(): Buffer {
    const [only] = chunks;
    const all = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    chunks = [all];
    return all;
  }

  function keep(rest: Buffer): void {
    chunks = rest.length === 0 ? [] : [rest];
    buffered = rest.length;
  }

  return {
    push(chunk) {
      chunks.push(chunk);
      buffered += chunk.length;
      const frames: Buffer[] = [];
      while (buffered >= needed) {
        const bytes = joined();
        const length = lengthOf(bytes);
        needed = length;
        if (buffered < length) break;
        frames.push(bytes.subarray(0, length));
        keep(bytes.subarray(length));
        needed = 4;
      }
      return frames;
    },
  };
}

function lengthOf(bytes: Buffer): number {
  const length = bytes.readInt32LE(0);
  if (length < FRAME_HEADER_BYTES || length > MESSAGE_BYTES_MAX) {
    throw new ProtocolError(`a message may not be ${length} bytes long`);
  }
  return length;
}
