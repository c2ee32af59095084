import type { components } from "@/lib/api.gen";

export type Pipeline = components["schemas"]["Pipeline"];
export type PipelineStep = components["schemas"]["PipelineStep"];
export type StepName = PipelineStep["step"];

/** A stretch of a step, in parts of a hundred of the pipeline's time. */
export interface Bar {
  left: number;
  width: number;
}

/** When a step waited and when it ran; undefined for what it did not. */
export interface StepBars {
  waited?: Bar;
  ran?: Bar;
  /** How long it ran, in milliseconds. */
  took?: number;
}

/** The pipeline's own time: until it ended, or until now. */
export function axisOf(p: Pipeline, now: number): { from: number; to: number } {
  const from = Date.parse(p.createdAt);
  const ends = p.steps.flatMap((step) =>
    step.takenFrom ? [] : [step.finishedAt, step.startedAt].flatMap((at) => (at ? [at] : [])),
  );
  const to = p.finishedAt ? Date.parse(p.finishedAt) : now;
  return { from, to: Math.max(from + 1, to, ...ends.map((at) => Date.parse(at))) };
}

/** Where a step stands on the axis. One that another pipeline did has no place on it. */
export function barsOf(step: PipelineStep, axis: { from: number; to: number }): StepBars {
  const { createdAt, startedAt, finishedAt } = step;
  const started = startedAt ? Date.parse(startedAt) : undefined;
  const finished = finishedAt ? Date.parse(finishedAt) : axis.to;
  const took = started === undefined ? undefined : Math.max(0, finished - started);
  if (step.takenFrom || !createdAt) return { took };
  const part = (from: number, to: number): Bar => {
    const at = (time: number) =>
      Math.min(100, Math.max(0, ((time - axis.from) / (axis.to - axis.from)) * 100));
    return { left: at(from), width: Math.max(0, at(to) - at(from)) };
  };
  return {
    waited: part(Date.parse(createdAt), started ?? finished),
    ran: started === undefined ? undefined : part(started, finished),
    took,
  };
}

/** From which steps a pipeline that has ended can be done again: up to the first that has not succeeded. */
export function repeatable(p: Pipeline): StepName[] {
  const asked = p.steps.filter(({ status }) => status !== "given" && status !== "left_out");
  const open = asked.findIndex(({ status }) => status !== "succeeded");
  return asked.slice(0, open < 0 ? asked.length : open + 1).map(({ step }) => step);
}
