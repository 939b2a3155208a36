import { setImmediate as turn } from "node:timers/promises";

import { expect, test } from "vitest";

import { createBoundedPool } from "./bounded-pool.ts";

/** Work that ends when told. */
function piece<T>(value: T) {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  return { work: () => promise, finish: () => resolve(value), fail: reject };
}

test("runs no more pieces at a time than it has places, and the next one as soon as one ends", async () => {
  const pool = createBoundedPool(2);
  const pieces = [piece("a"), piece("b"), piece("c")];
  const results = pieces.map(({ work }) => pool.run(work));
  expect({ active: pool.active, waiting: pool.waiting }).toEqual({ active: 2, waiting: 1 });
  pieces[1]?.finish();
  await results[1];
  expect({ active: pool.active, waiting: pool.waiting }).toEqual({ active: 2, waiting: 0 });
  pieces[0]?.finish();
  pieces[2]?.finish();
  expect(await Promise.all(results)).toEqual(["a", "b", "c"]);
  expect(pool.active).toBe(0);
});

test("starts what waits in order of arrival, and nothing that comes later overtakes it", async () => {
  const pool = createBoundedPool(1);
  const order: string[] = [];
  const noting = (name: string) => async () => {
    order.push(name);
  };
  const first = piece("first");
  const running = pool.run(first.work);
  const waiting = [pool.run(noting("second")), pool.run(noting("third"))];
  first.finish();
  const late = running.then(() => pool.run(noting("late")));
  await Promise.all([...waiting, late]);
  expect(order).toEqual(["second", "third", "late"]);
});

test("refuses at once when it is full and asked not to wait", async () => {
  const pool = createBoundedPool(1);
  const only = piece("done");
  const accepted = pool.tryRun(only.work);
  expect(pool.tryRun(only.work)).toBeUndefined();
  only.finish();
  expect(await accepted).toBe("done");
  expect(await pool.tryRun(async () => "again")).toBe("again");
});

test("gives the place of a failed piece to the next, whether it failed late or at once", async () => {
  const pool = createBoundedPool(1);
  const failing = piece("never");
  const failed = pool.run(failing.work);
  const thrown = pool.run(() => {
    throw new Error("at once");
  });
  const next = pool.run(async () => "next");
  failing.fail(new Error("late"));
  await expect(failed).rejects.toThrow("late");
  await expect(thrown).rejects.toThrow("at once");
  expect(await next).toBe("next");
});

test("is idle when nothing runs and nothing waits, not before", async () => {
  const pool = createBoundedPool(1);
  await pool.whenIdle();
  const pieces = [piece(1), piece(2)];
  const results = pieces.map(({ work }) => pool.run(work));
  let idle = false;
  const whenIdle = pool.whenIdle().then(() => (idle = true));
  pieces[0]?.finish();
  await turn();
  expect(idle).toBe(false);
  pieces[1]?.finish();
  await whenIdle;
  await Promise.all(results);
});

test.each([0, -1, 1.5, Number.NaN])("has at least one place: %s", (limit) => {
  expect(() => createBoundedPool(limit)).toThrow("at least one place");
});
