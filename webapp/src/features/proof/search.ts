/** What a matrix can be narrowed to. */
export const filters = ["failed", "survived"] as const;
export type Filter = (typeof filters)[number];

/** The part of a job's address that is its proof's. */
export interface ProofPlace {
  show?: Filter;
  /** The cell whose evidence is open. */
  cell?: string;
}
