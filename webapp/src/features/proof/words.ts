import type { ProofRun, ProofTest } from "@/lib/proof-api";
import { integer } from "@/lib/time";
import { looks } from "./marks";
import type { Cell, Column } from "./matrix";

export const titleOf = (test: ProofTest) => test.titles.join(" › ");

/** Where in the project a test is. */
export const placeOf = ({ file, line }: ProofTest) => (line ? `${file}:${line}` : file);

/** A column for people: "run 3", or what the fault does. */
export function columnName({ mutant, ...column }: Column): string {
  if (mutant) return `${mutant.operator}, ${mutant.where} ${mutant.what}`;
  const { purpose, index } = column as Extract<Column, { index: number }>;
  return `${purpose === "live" ? "live run" : "run"} ${index + 1}`;
}

/** By how much answers were held up at most. */
export function latencyOf({ conditions: { latencyMs } }: ProofRun): string {
  return latencyMs > 0 ? `up to ${integer(latencyMs)} ms` : "none";
}

/** What a run was put under, in one line. */
export function conditionsOf(run: ProofRun): string {
  const { seed, cpu, workers } = run.conditions;
  return [
    `seed ${seed}`,
    `latency ${latencyOf(run)}`,
    cpu > 1 ? `CPU ${cpu}× slower` : "full CPU speed",
    `${workers} ${workers === 1 ? "worker" : "workers"}`,
  ].join(", ");
}

/** All that a cell says, for its tooltip and for screen readers. */
export function cellName(column: Column, { state, run }: Cell): string {
  const conditions = run ? `, ${conditionsOf(run)}` : "";
  return `${columnName(column)}: ${looks[state].label.toLowerCase()}${conditions}`;
}
