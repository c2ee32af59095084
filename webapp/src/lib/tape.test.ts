import { expect, test } from "vitest";
import type { TapeEvent } from "./api";
import { attemptsOf } from "./tape";

function tape(...steps: [seconds: number, type: string, data?: object][]): TapeEvent[] {
  return steps.map(([seconds, type, data], i) => ({
    specversion: "1.0",
    id: `e${i}`,
    source: "test",
    type: `job.${type}`,
    time: new Date(seconds * 1000).toISOString(),
    stream: "job/a",
    sequence: i + 1,
    cursor: `e.${i}.x`,
    data: data ?? {},
  }));
}

test("an attempt carries its wait, its run and its end", () => {
  expect(
    attemptsOf(
      tape(
        [0, "submitted", { status: "queued" }],
        [2, "started", { attempt: 1, worker: "w" }],
        [5, "succeeded"],
      ),
    ),
  ).toEqual([
    {
      number: 1,
      worker: "w",
      startedAt: 2000,
      finishedAt: 5000,
      outcome: "succeeded",
      error: undefined,
      spans: [
        { phase: "queued", from: 0, to: 2000 },
        { phase: "running", from: 2000, to: 5000 },
      ],
    },
  ]);
});

test("every attempt's error is kept, and the wait for a retry belongs to the next attempt", () => {
  const error = (code: string) => ({ error: { code, message: code } });
  const attempts = attemptsOf(
    tape(
      [0, "submitted", { status: "delayed" }],
      [1, "queued", { reason: "delay_elapsed" }],
      [2, "started", { attempt: 1 }],
      [3, "failed", error("first")],
      [3, "retry_scheduled", { attempt: 2 }],
      [8, "queued", { reason: "retry_due" }],
      [9, "started", { attempt: 2 }],
      [12, "failed", error("second")],
      [12, "dead_lettered"],
    ),
  );
  expect(attempts.map((a) => a.error?.code)).toEqual(["first", "second"]);
  expect(attempts[1]?.spans.map((s) => s.phase)).toEqual(["retrying", "queued", "running"]);
  expect(attempts[1]?.spans[0]).toEqual({ phase: "retrying", from: 3000, to: 8000 });
});

test("a job under way ends in an open span; one handed back starts another attempt", () => {
  const attempts = attemptsOf(
    tape(
      [0, "submitted", { status: "queued" }],
      [1, "started", { attempt: 1 }],
      [2, "queued", { reason: "handed_back" }],
      [3, "started", { attempt: 2 }],
      [4, "stop_requested"],
    ),
  );
  expect(attempts.map((a) => a.outcome)).toEqual(["handed_back", "running"]);
  expect(attempts[1]?.spans.at(-1)).toEqual({ phase: "stopping", from: 4000 });
});

test("a cancelled job that never ran has no attempt, and an unknown event changes nothing", () => {
  expect(
    attemptsOf(tape([0, "submitted", { status: "queued" }], [1, "surprise"], [2, "cancelled"])),
  ).toEqual([]);
});
