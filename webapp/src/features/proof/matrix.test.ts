import { expect, test } from "vitest";
import type { Judgement, Proof, ProofRun } from "@/lib/proof-api";
import { standings } from "@/lib/proof-score";
import { cellKey, filtered, findCell, matrixOf } from "./matrix";
import { moved } from "./use-grid-keys";

const tests = ["a", "b"].map((id) => ({ id, titles: [id], file: "x.spec.ts", recordingId: "r1" }));
const mutant = (id: string, operator: string, recordingId = "r1") => ({
  ...{ id, operator, recordingId, where: "the body", what: "is empty" },
});
const run = (test: string, index: number, outcome: ProofRun["outcome"]) =>
  ({ test, index, outcome, purpose: "stability" }) as ProofRun;
const judged = (test: string, mutant: string, fate: Judgement["fate"], more = {}) =>
  ({ test, mutant, fate, applied: true, visible: true, durationMs: 1, ...more }) as Judgement;

const proof: Proof = {
  ...{ proofId: "p", owner: "default", status: "running", attempt: 1, name: "T", project: "" },
  ...{ mode: "twin", tests, runs: 2, seed: 1, mutantsOf: 9, verdicts: [], version: 9 },
  ...{ createdAt: "", updatedAt: "" },
  done: [run("a", 0, "passed"), run("a", 1, "passed"), run("b", 0, "failed")],
  mutants: [
    ...[mutant("h1", "harmless.wrapper"), mutant("h2", "harmless.notice")],
    ...[mutant("p1", "page.text"), mutant("s1", "response.status")],
    ...[mutant("e1", "response.empty"), mutant("s2", "response.status")],
    mutant("o1", "page.text", "r2"),
  ],
  judgements: [
    ...[judged("a", "s1", "killed"), judged("a", "s2", "survived"), judged("a", "e1", "stumbled")],
    ...[judged("a", "h1", "killed"), judged("a", "h2", "survived")],
  ],
};
const states = (matrix: ReturnType<typeof matrixOf>) =>
  matrix.rows.map((row) => matrix.columns.map((column) => matrix.cell(row, column).state));

test("runs come first, then faults by layer and operator", () => {
  const { columns, groups } = matrixOf(proof, true);
  expect(columns.map((column) => column.id)).toEqual([
    ...["stability-1", "stability-2", "e1", "s1", "s2", "p1", "o1", "h2", "h1"],
  ]);
  expect(groups.map(({ name, from, size }) => [name, from, size])).toEqual([
    ["Runs", 0, 2],
    ["response.empty", 2, 1],
    ["response.status", 3, 2],
    ["page.text", 5, 2],
    ["harmless.notice", 7, 1],
    ["harmless.wrapper", 8, 1],
  ]);
});

test("a cell says what happened, may come, or is no matter of the test", () => {
  expect(states(matrixOf(proof, true))).toEqual([
    ["passed", "passed", "stumbled", "killed", "survived", "pending", "none", "calm", "alarm"],
    ["failed", "pending", ...Array(4).fill("unmade"), "none", "unmade", "unmade"],
  ]);
  expect(states(matrixOf(proof, false))[1]?.[1]).toBe("unmade");
});

test("a filter leaves the tests and columns in which there is something", () => {
  const survivors = filtered(matrixOf(proof, true), "survived");
  expect(survivors.rows.map((row) => row.id)).toEqual(["a"]);
  expect(survivors.groups).toEqual([{ name: "response.status", from: 0, size: 1 }]);
  expect(states(filtered(matrixOf(proof, true), "failed"))).toEqual([["failed"]]);
});

test("a cell has an address, and one that is not there leads nowhere", () => {
  const matrix = matrixOf(proof, true);
  expect(findCell(matrix, cellKey("b", "s1"))?.column.mutant?.operator).toBe("response.status");
  expect(findCell(matrix, "b.gone")).toBeUndefined();
  expect(findCell(matrix, "nonsense")).toBeUndefined();
});

test("until there is a verdict what is known is counted as the server counts", () => {
  const [first, second] = standings(proof);
  expect(first).toMatchObject({
    ...{ proven: undefined, passed: 2, of: 2, visible: 3, killed: 1, harmless: 2, alarms: 1 },
    macro: 0.25,
  });
  expect(first?.rank).toBeCloseTo(1 / 3);
  expect(second).toMatchObject({ proven: false, passed: 0, of: 2, visible: 0 });
});

test("keys move by a cell, to the ends, and never out of the grid", () => {
  const from = { row: 1, column: 1 };
  const after = (key: string, mod = false) => moved(key, mod, from, 3, 4);
  expect(after("ArrowRight")).toEqual({ row: 1, column: 2 });
  expect(after("ArrowUp")).toEqual({ row: 0, column: 1 });
  expect(after("End")).toEqual({ row: 1, column: 3 });
  expect(after("End", true)).toEqual({ row: 2, column: 3 });
  expect(after("PageUp")).toEqual({ row: 0, column: 1 });
  expect(after("x")).toBeNull();
  expect(moved("ArrowLeft", false, { row: 0, column: 0 }, 3, 4)).toEqual({ row: 0, column: 0 });
});
