import type { JobResult } from "@parley/contract/room-requests";
import type { CommandReply } from "@parley/contract/shapes";
import { describe, expect, test } from "vitest";

import { fakeClock } from "../test/fake-clock.ts";
import { createJobResults } from "./job-results.ts";
import { followJob } from "./job.ts";

const requestId = "018f4e1c-7a2b-7c3d-8e4f-5a6b7c8d9e0f";
const roomId = "jHjHNiEuCoJo8Nrzp";
const result: JobResult = { requestId, operation: "room.create", status: "ok", roomId, revision: 3, at: 9 };

/** Job results of a client that knows the rooms given. */
function results(known: Readonly<Record<string, string>>) {
  const told: string[] = [];
  const jobs = createJobResults({
    siteOf: (room) => known[room],
    onResult: (siteId, { requestId: id }) => told.push(`${siteId} ${id}`),
  });
  return { jobs, told };
}

describe("job results", () => {
  // R46
  test("are told once, from the room's home site only", () => {
    const { jobs, told } = results({ [roomId]: "alpha" });
    jobs.receive("beta", result);
    jobs.receive("alpha", result);
    jobs.receive("alpha", result);
    expect(told).toEqual([`alpha ${requestId}`]);
  });

  test("of a room not known yet are kept, and told when its site is", async () => {
    const { jobs, told } = results({});
    jobs.receive("beta", { ...result, revision: 66 });
    jobs.receive("alpha", result);
    expect(told).toEqual([]);
    expect(await jobs.expect({ requestId, siteId: "alpha" }).result).toEqual(result);
    expect(told).toEqual([`alpha ${requestId}`]);
  });
});

function follow(reply: Partial<CommandReply>, again: Partial<CommandReply>) {
  const clock = fakeClock();
  const { jobs } = results({ [roomId]: "alpha" });
  const repeats: number[] = [];
  const whole: CommandReply = { status: "accepted", requestId, roomId, revision: 3, ...reply };
  const job = followJob(
    { results: jobs, clock, signal: new AbortController().signal },
    {
      siteId: "alpha",
      reply: whole,
      repeat() {
        repeats.push(clock.now());
        return Promise.resolve({ ...whole, ...again });
      },
    },
  );
  return { clock, jobs, job, repeats };
}

describe("a job", () => {
  test("is done by its result", async () => {
    const { jobs, job, repeats } = follow({}, {});
    jobs.receive("alpha", result);
    expect(await job.done).toEqual({ requestId, roomId, siteId: "alpha", revision: 3, at: 9 });
    expect(repeats).toEqual([]);
  });

  test("whose result is missed asks again with the same id and reads done", async () => {
    const { clock, job, repeats } = follow({}, { done: true });
    await clock.advance(4999);
    expect(repeats).toHaveLength(0);
    await clock.advance(1);
    expect(await job.done).toMatchObject({ revision: 3 });
    expect(repeats).toHaveLength(1);
  });

  test("that changes nothing is done at once", async () => {
    const { job, repeats } = follow({ status: "unchanged" }, {});
    expect(await job.done).toMatchObject({ requestId });
    expect(repeats).toEqual([]);
  });

  test("for a room that exists asks again soon, because no result follows", async () => {
    const { clock, job, repeats } = follow({ status: "exists", done: false }, { done: true });
    await clock.advance(250);
    expect(await job.done).toMatchObject({ roomId });
    expect(repeats).toHaveLength(1);
  });

  test("that failed rejects with the result's reason", async () => {
    const { jobs, job } = follow({}, {});
    jobs.receive("alpha", {
      ...result,
      status: "error",
      code: "conflict",
      reason: "room_closed",
      error: "no",
    });
    await expect(job.done).rejects.toMatchObject({ code: "conflict", reason: "room_closed", requestId });
  });

  test("without an outcome for ten minutes says so", async () => {
    const { clock, job } = follow({}, {});
    const rejection = job.done.catch((error: unknown) => error);
    for (let minute = 0; minute < 16; minute += 1) await clock.advance(60_000);
    expect(await rejection).toMatchObject({ code: "unavailable", requestId });
  });
});
