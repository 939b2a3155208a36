/** A field whose value is already BSON. */
export interface RawField {
  readonly name: string;
  readonly type: "document" | "array" | "string" | "int64" | "double";
  readonly bytes: Uint8Array;
}

const TYPE_BYTES = { double: 0x01, string: 0x02, document: 0x03, array: 0x04, int64: 0x12 } as const;

/** Joins encoded fields to a BSON document, so that stored documents are sent as they are without decoding them. */
export function rawDocument(fields: Iterable<RawField>): Buffer {
  const parts: Uint8Array[] = [Buffer.alloc(4)];
  for (const { name, type, bytes } of fields) {
    parts.push(Buffer.from(`${String.fromCharCode(TYPE_BYTES[type])}${name}\0`, "utf8"), bytes);
  }
  parts.push(Buffer.alloc(1));
  const document = Buffer.concat(parts);
  document.writeInt32LE(document.length, 0);
  return document;
}

export function rawArray(documents: readonly Uint8Array[]): Buffer {
  return rawDocument(documents.map((bytes, at) => ({ name: String(at), type: "document", bytes })));
}

export function rawString(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  const encoded = Buffer.alloc(bytes.length + 5);
  encoded.writeInt32LE(bytes.length + 1, 0);
  encoded.set(bytes, 4);
  return encoded;
}

export function rawInt64(value: bigint): Buffer {
  const encoded = Buffer.alloc(8);
  encoded.writeBigInt64LE(value);
  return encoded;
}

export function rawDouble(value: number): Buffer {
  const encoded = Buffer.alloc(8);
  encoded.writeDoubleLE(value);
  return encoded;
}
