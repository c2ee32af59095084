import type { Judgement, Mutant, Proof, ProofRun, ProofTest } from "@/lib/proof-api";
import { countedRuns, harmless, isHarmless, layerOf } from "@/lib/proof-score";
import type { Filter } from "./search";

/** What a cell says. Only the first of each half is what one wishes for. */
export const runStates = ["passed", "failed", "skipped", "broken"] as const;
export const faultStates = [
  ...(["killed", "survived", "stumbled", "crashed", "no_effect", "timed_out"] as const),
  ...(["calm", "alarm"] as const),
];
/** Nothing is known: it may come, will not come, or is no matter of this test. */
export const openStates = ["pending", "unmade", "none"] as const;
export type CellState =
  | (typeof runStates)[number]
  | (typeof faultStates)[number]
  | (typeof openStates)[number];

/** A run that every test makes, or a fault that every test of its recording is tried with. */
export type Column =
  | { id: string; purpose: ProofRun["purpose"]; index: number; mutant?: undefined }
  | { id: string; mutant: Mutant };

/** Columns of one sort that stand together, from the column `from` on. */
export interface Group {
  name: string;
  from: number;
  size: number;
}

export interface Cell {
  state: CellState;
  run?: ProofRun;
  judgement?: Judgement;
  /** Runs in the same place that the test as it is now did not make: before it was mended, or mended otherwise. */
  others?: ProofRun[];
}

export interface Matrix {
  rows: ProofTest[];
  columns: Column[];
  groups: Group[];
  cell(test: ProofTest, column: Column): Cell;
}

const layers = ["response", "script", "page", harmless];

/** Everything about a proof as tests by runs and faults; live while more of it may come. */
export function matrixOf(proof: Proof, live: boolean): Matrix {
  const counted = countedRuns(proof);
  const runs = new Map<string, ProofRun>();
  for (const run of counted) runs.set(placeOfRun(run), run);
  const others = grouped(except(proof.done, counted), placeOfRun);
  const judgements = new Map<string, Judgement>();
  for (const each of proof.judgements) judgements.set(place(each.test, each.mutant), each);
  const failed = new Set(counted.filter((run) => run.outcome !== "passed").map((run) => run.test));
  const open = live ? "pending" : "unmade";
  const openFault = live || proof.rest ? "pending" : "unmade";
  const cell = (test: ProofTest, column: Column): Cell => {
    if (!column.mutant) {
      const run = runs.get(place(test.id, column.id));
      const tried = others.get(place(test.id, column.id));
      return run ? { state: run.outcome, run, others: tried } : { state: open, others: tried };
    }
    const { mutant } = column;
    const judgement = judgements.get(place(test.id, mutant.id));
    if (judgement) return { state: faultState(mutant, judgement), judgement };
    if ((test.recordingId ?? mutant.recordingId) !== mutant.recordingId) return { state: "none" };
    // A test that fails anyway says nothing about faults: it is not tried with any.
    return { state: failed.has(test.id) ? "unmade" : openFault };
  };
  return { rows: proof.tests, ...laidOut(runColumns(proof), sorted(proof.mutants)), cell };
}

/** The tests and columns in which there is what is looked for; the rest of their cells stays. */
export function filtered(matrix: Matrix, filter: Filter | undefined): Matrix {
  if (!filter) return matrix;
  const rows = new Set<ProofTest>();
  const columns = new Set<Column>();
  for (const test of matrix.rows) {
    for (const column of matrix.columns) {
      if (!fits(matrix.cell(test, column).state, filter)) continue;
      rows.add(test);
      columns.add(column);
    }
  }
  const left = matrix.columns.filter((column) => columns.has(column));
  return {
    ...matrix,
    rows: matrix.rows.filter((test) => rows.has(test)),
    ...laidOut(
      left.filter((column) => !column.mutant),
      left.flatMap(({ mutant }) => mutant ?? []),
    ),
  };
}

function fits(state: CellState, filter: Filter): boolean {
  if (filter === "survived") return state === "survived";
  return state === "failed" || state === "skipped" || state === "broken";
}

function except<T>(list: T[], without: T[]): T[] {
  const set = new Set(without);
  return list.filter((each) => !set.has(each));
}

function grouped<T>(list: T[], by: (each: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const each of list) {
    const key = by(each);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return groups;
}

const placeOfRun = (run: ProofRun) => place(run.test, runId(run.purpose, run.index));
const place = (test: string, column: string) => `${test}/${column}`;
const runId = (purpose: string, index: number) => `${purpose}-${index + 1}`;

function runColumns({ mode, runs, done }: Proof): Column[] {
  const main = mode === "live" ? "live" : "stability";
  const other = main === "live" ? "stability" : "live";
  return [main, other].flatMap((purpose) => {
    const of = purpose as ProofRun["purpose"];
    const planned = purpose === main ? runs : 0;
    const made = done.filter((run) => run.purpose === of).map((run) => run.index + 1);
    const count = made.reduce((most, n) => Math.max(most, n), planned);
    return Array.from({ length: count }, (_, index) => ({
      id: runId(purpose, index),
      purpose: of,
      index,
    }));
  });
}

/** By layer and operator; within one as they were chosen. */
function sorted(mutants: Mutant[]): Mutant[] {
  const rank = (mutant: Mutant) => layers.indexOf(layerOf(mutant.operator));
  return mutants.toSorted(
    (a, b) => rank(a) - rank(b) || (a.operator < b.operator ? -1 : a.operator > b.operator ? 1 : 0),
  );
}

function laidOut(runs: Column[], mutants: Mutant[]): Pick<Matrix, "columns" | "groups"> {
  const columns = [...runs, ...mutants.map((mutant) => ({ id: mutant.id, mutant }))];
  const groups: Group[] = [];
  for (const [i, column] of columns.entries()) {
    const name = groupOf(column);
    const last = groups.at(-1);
    if (last?.name === name) last.size++;
    else groups.push({ name, from: i, size: 1 });
  }
  return { columns, groups };
}

function groupOf(column: Column): string {
  if (column.mutant) return column.mutant.operator;
  return column.purpose === "live" ? "Live runs" : "Runs";
}

/** A change that no test should mind is judged the other way round: noticing it is a false alarm. */
function faultState(mutant: Mutant, { applied, fate }: Judgement): CellState {
  if (!isHarmless(mutant) || fate === "timed_out") return fate;
  if (!applied) return "no_effect";
  return fate === "survived" || fate === "no_effect" ? "calm" : "alarm";
}

/** The address of a cell: a test and a column. */
export function cellKey(test: string, column: string): string {
  return `${test}.${column}`;
}

/** What an address of a cell leads to, when it is there. */
export function findCell(matrix: Matrix, key: string | undefined) {
  if (!key) return undefined;
  const at = key.indexOf(".");
  const test = matrix.rows.find(({ id }) => id === key.slice(0, at));
  const column = matrix.columns.find(({ id }) => id === key.slice(at + 1));
  return test && column && { test, column };
}
