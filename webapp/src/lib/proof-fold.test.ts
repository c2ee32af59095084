import { expect, test } from "vitest";
import type { TapeEvent } from "./api";
import type { Proof } from "./proof-api";
import { applyProofEvents } from "./proof-fold";

const begun: Proof = {
  ...{ proofId: "p", owner: "default", status: "running", attempt: 1, name: "T", project: "" },
  ...{ mode: "twin", tests: [], runs: 2, seed: 1, done: [], mutants: [], mutantsOf: 0 },
  ...{ judgements: [], verdicts: [], createdAt: "", updatedAt: "", version: 1 },
};
const event = (sequence: number, type: string, data: unknown) =>
  ({ stream: "proof/p", sequence, type, data, time: `t${sequence}` }) as TapeEvent;
const run = (key: string) => ({ key });

test("folds runs, faults, judgements and the end, and knows what it has already", () => {
  const events = [
    event(1, "proof.started", {}),
    event(2, "proof.ran", { runs: [run("a"), run("b")] }),
    event(3, "proof.mutants_chosen", { mutants: [{ id: "m1" }], of: 40 }),
    event(4, "proof.mutants_chosen", { mutants: [{ id: "m2" }], of: 2 }),
    event(5, "proof.judged", { judgements: [{ mutant: "m1" }] }),
    event(6, "proof.finished", { outcome: "failed", reason: "x", verdicts: [{ test: "t" }] }),
  ];
  const first = applyProofEvents(begun, events.slice(0, 3));
  const { proof, reload } = applyProofEvents(first.proof, events);
  expect(reload).toBe(false);
  expect(proof).toMatchObject({
    ...{ status: "failed", reason: "x", version: 6, updatedAt: "t6", mutantsOf: 42 },
    ...{ done: [run("a"), run("b")], mutants: [{ id: "m1" }, { id: "m2" }] },
    ...{ judgements: [{ mutant: "m1" }], verdicts: [{ test: "t" }] },
  });
  expect(begun.done).toEqual([]);
});

test("asks again after a gap and when another attempt begins", () => {
  const gap = applyProofEvents(begun, [event(3, "proof.ran", { runs: [run("a")] })]);
  expect(gap).toEqual({ proof: begun, reload: true });
  const again = applyProofEvents(begun, [
    event(2, "proof.ran", { runs: [run("a")] }),
    event(3, "proof.started", { attempt: 2 }),
  ]);
  expect(again.reload).toBe(true);
  expect(again.proof.version).toBe(2);
});

test("asks again for what it does not fold", () => {
  const { proof, reload } = applyProofEvents(begun, [event(2, "proof.repaired", { test: "t" })]);
  expect(reload).toBe(true);
  expect(proof.version).toBe(1);
});
