import { expect, test } from "vitest";

import { fullScalar, PRIVATE_KEY_BYTES } from "./key-form.ts";

test("gives a scalar its leading zero bytes back", () => {
  expect(fullScalar(new Uint8Array([1, 2]))).toEqual(
    new Uint8Array([...Array.from({ length: 30 }, () => 0), 1, 2]),
  );
});

test("leaves a scalar of full length as it is", () => {
  const scalar = new Uint8Array(PRIVATE_KEY_BYTES).fill(7);

  expect(fullScalar(scalar)).toEqual(scalar);
});
