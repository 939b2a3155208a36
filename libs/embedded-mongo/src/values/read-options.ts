import type { DeserializeOptions } from "bson";

/** Keeps every BSON type as it came: ints, doubles and longs as objects, binary and expressions as their classes. */
export const READ_OPTIONS = { promoteValues: false, bsonRegExp: true } as const satisfies DeserializeOptions;
