import { Failure } from "@parley/contract/failure";
import { MongoNetworkError, MongoServerError } from "mongodb";
import { expect, test } from "vitest";

import { storeCall } from "./store-call.ts";

const failing = (error: unknown): Promise<unknown> =>
  storeCall("asking", async () => {
    throw error;
  });
const unavailable = expect.objectContaining({ name: "Failure", reason: "store_unavailable" });

test.each([
  ["of the driver", new MongoNetworkError("connection closed")],
  ["of the operating system", Object.assign(new Error("This socket has been ended"), { code: "EPIPE" })],
  ["of a server that steps down", new MongoServerError({ message: "stepping down", code: 189 })],
])("a connection error %s is an unavailable store", async (_, error) => {
  await expect(failing(error)).rejects.toEqual(unavailable);
});

test("a question that is wrong is an accident of ours", async () => {
  const error = new MongoServerError({ message: "unknown operator", code: 2 });
  await expect(failing(error)).rejects.toThrow("MongoDB refused: asking");
  await expect(failing(error)).rejects.not.toBeInstanceOf(Failure);
});

test("a refusal stays what it is", async () => {
  const refusal = new Failure("not_room_member");
  await expect(failing(refusal)).rejects.toBe(refusal);
});
