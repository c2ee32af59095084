import type { Matrix } from "./matrix";

/** What a matrix can be narrowed to. */
export const filters = ["failed", "survived"] as const;
export type Filter = (typeof filters)[number];

/** The part of a job's address that is its proof's. */
export interface ProofPlace {
  show?: Filter;
  /** The cell whose evidence is open. */
  cell?: string;
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
