import { expect, test } from "vitest";
import { axisOf, barsOf, type Pipeline, type PipelineStep, repeatable } from "./axis";

const time = (s: number) => new Date(Date.UTC(2026, 10, 28, 12, 0, s)).toISOString();
const step = (name: PipelineStep["step"], more: Partial<PipelineStep>): PipelineStep => ({
  ...{ step: name, status: "succeeded" },
  ...more,
});
const pipeline = (steps: PipelineStep[], more: Partial<Pipeline> = {}): Pipeline => ({
  ...{ jobId: "p", project: "default", status: "running", createdAt: time(0), version: 1, steps },
  ...more,
});

test("steps stand on one axis, and what runs ends now", () => {
  const record = step("record", { createdAt: time(0), startedAt: time(10), finishedAt: time(50) });
  const verify = step("verify", { status: "running", createdAt: time(50), startedAt: time(75) });
  const axis = axisOf(pipeline([record, verify]), Date.parse(time(100)));
  const from = { left: 0, width: 10 };
  expect(barsOf(record, axis)).toEqual({
    waited: from,
    ran: { left: 10, width: 40 },
    took: 40_000,
  });
  expect(barsOf(verify, axis)).toEqual({
    ...{ waited: { left: 50, width: 25 }, ran: { left: 75, width: 25 }, took: 25_000 },
  });
  expect(barsOf(step("cases", { status: "pending" }), axis)).toEqual({ took: undefined });
});

test("what waits has no run, and what another pipeline did no place", () => {
  const queued = step("record", { status: "queued", createdAt: time(20) });
  const taken = step("ingest", {
    ...{ takenFrom: "p0", createdAt: time(-90), startedAt: time(-80), finishedAt: time(-70) },
  });
  const axis = axisOf(pipeline([queued, taken]), Date.parse(time(40)));
  expect(barsOf(queued, axis)).toEqual({
    ...{ waited: { left: 50, width: 50 }, ran: undefined, took: undefined },
  });
  expect(barsOf(taken, axis)).toEqual({ took: 10_000 });
});

test("a pipeline is done again from a step up to the one that failed", () => {
  const steps = [
    step("record", { status: "given" }),
    step("ingest", { status: "left_out" }),
    step("cases", {}),
    step("generate", { status: "failed" }),
    step("verify", { status: "pending" }),
  ];
  expect(repeatable(pipeline(steps))).toEqual(["cases", "generate"]);
  expect(repeatable(pipeline(steps.slice(0, 3)))).toEqual(["cases"]);
});
