import { deserialize } from "bson";

import { type BsonDocument, isDocument } from "../values/bson-type.ts";
import { READ_OPTIONS } from "../values/read-options.ts";
import { FRAME_HEADER_BYTES, ProtocolError } from "./frames.ts";

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

/** Bits of OP_MSG: the sender wants no answer; and those a receiver may ignore. */
const MORE_TO_COME = 0x2;
const OPTIONAL_BITS = 0xff_ff_00_00;

export interface Request {
  readonly id: number;
  /** The command; `$db` names the database. */
  readonly command: BsonDocument;
  readonly wantsReply: boolean;
  /** How the answer is wrapped: OP_QUERY (only the first hello comes so) has its own form. */
  readonly form: "message" | "query";
}

/** @throws ProtocolError when the message is malformed or of another kind. */
export function decodeRequest(frame: Buffer): Request {
  const id = frame.readInt32LE(4);
  const operation = frame.readInt32LE(12);
  try {
    if (operation === OP_MSG) return decodeMessage(id, frame);
    if (operation === OP_QUERY) return decodeQuery(id, frame);
  } catch (cause) {
    throw cause instanceof ProtocolError ? cause : new ProtocolError("the message is malformed", { cause });
  }
  throw new ProtocolError(`operation ${operation} is not supported`);
}

function decodeMessage(id: number, frame: Buffer): Request {
  const flags = frame.readUInt32LE(FRAME_HEADER_BYTES);
  if ((flags & ~(MORE_TO_COME | OPTIONAL_BITS)) !== 0) throw new ProtocolError("checksums are not supported");
  let body: BsonDocument | undefined;
  const sequences: [string, BsonDocument[]][] = [];
  let at = FRAME_HEADER_BYTES + 4;
  while (at < frame.length) {
    const kind = frame.readUInt8(at);
    if (kind === 0 && body === undefined) {
      const bytes = documentAt(frame, at + 1);
      body = decodeDocument(bytes);
      at += 1 + bytes.length;
    } else if (kind === 1) {
      const size = frame.readInt32LE(at + 1);
      if (size < 4 || at + 1 + size > frame.length)
        throw new ProtocolError("a section ends outside its message");
      sequences.push(decodeSequence(frame.subarray(at + 5, at + 1 + size)));
      at += 1 + size;
    } else {
      throw new ProtocolError(`a section of kind ${kind} is not expected`);
    }
  }
  if (body === undefined) throw new ProtocolError("the message has no body");
  const command = sequences.length === 0 ? body : { ...body, ...Object.fromEntries(sequences) };
  return { id, command, wantsReply: (flags & MORE_TO_COME) === 0, form: "message" };
}

function decodeSequence(section: Buffer): [string, BsonDocument[]] {
  const nameEnd = section.indexOf(0);
  if (nameEnd === -1) throw new ProtocolError("a section has no name");
  const documents: BsonDocument[] = [];
  for (let at = nameEnd + 1; at < section.length;) {
    const bytes = documentAt(section, at);
    documents.push(decodeDocument(bytes));
    at += bytes.length;
  }
  return [section.toString("utf8", 0, nameEnd), documents];
}

function decodeQuery(id: number, frame: Buffer): Request {
  const nameEnd = frame.indexOf(0, FRAME_HEADER_BYTES + 4);
  if (nameEnd === -1) throw new ProtocolError("the query has no namespace");
  const database = frame.toString("utf8", FRAME_HEADER_BYTES + 4, nameEnd).replace(/\.\$cmd$/, "");
  const query = decodeDocument(documentAt(frame, nameEnd + 9));
  const wrapped = query["$query"];
  const command = isDocument(wrapped) ? wrapped : query;
  return { id, command: { ...command, $db: database }, wantsReply: true, form: "query" };
}

function documentAt(bytes: Buffer, at: number): Buffer {
  const length = bytes.readInt32LE(at);
  if (length < 5 || at + length > bytes.length)
    throw new ProtocolError("a document ends outside its message");
  return bytes.subarray(at, at + length);
}

const decodeDocument = (bytes: Buffer): BsonDocument => deserialize(bytes, READ_OPTIONS);

let lastReplyId = 0;

/** The answer to a request, ready to be sent; `document` is BSON. */
export function encodeReply(request: Pick<Request, "id" | "form">, document: Uint8Array): Buffer {
  const extra = request.form === "message" ? 5 : 20;
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + extra + document.length);
  lastReplyId = (lastReplyId + 1) % 0x7f_ff_ff_ff;
  frame.writeInt32LE(frame.length, 0);
  frame.writeInt32LE(lastReplyId, 4);
  frame.writeInt32LE(request.id, 8);
  frame.writeInt32LE(request.form === "message" ? OP_MSG : OP_REPLY, 12);
  frame.fill(0, FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + extra);
  if (request.form === "query") {
    const awaitCapable = 8;
    frame.writeInt32LE(awaitCapable, FRAME_HEADER_BYTES);
    frame.writeInt32LE(1, FRAME_HEADER_BYTES + 16);
  }
  frame.set(document, FRAME_HEADER_BYTES + extra);
  return frame;
}
