import type { ProofRun, ProofTest } from "@/lib/proof-api";
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

/** What a run was put under, in one line. */
export function conditionsOf({ conditions: { seed, latencyMs, cpu, workers } }: ProofRun): string {
  const slowed = cpu > 1 ? `CPU ${cpu}× slower` : "full CPU speed";
  return `seed ${seed}, up to ${latencyMs} ms latency, ${slowed}, ${workers} ${workers === 1 ? "worker" : "workers"}`;
}

/** All that a cell says, for its tooltip and for screen readers. */
export function cellName(column: Column, { state, run }: Cell): string {
  const conditions = run ? `, ${conditionsOf(run)}` : "";
  return `${columnName(column)}: ${looks[state].label.toLowerCase()}${conditions}`;
}
