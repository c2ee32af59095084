import type { Judgement, Mutant, Proof, ProofTest, Verdict } from "@/lib/proof-api";
import { isHarmless } from "./matrix";

/** What is known of a test's worth: the verdict, or what the finished runs say until there is one. */
export interface Standing {
  test: ProofTest;
  /** Undefined while it is not decided. */
  proven: boolean | undefined;
  passed: number;
  /** Of so many runs: those that count, or those that are to be made. */
  of: number;
  why?: string;
  visible: number;
  killed: number;
  /** The mean of the operators' rates, 0…1. */
  macro: number;
  harmless: number;
  alarms: number;
  rank: number;
}

/** All tests, the best first. */
export function standings(proof: Proof): Standing[] {
  const verdicts = new Map(proof.verdicts.map((verdict) => [verdict.test, verdict]));
  const mutants = new Map(proof.mutants.map((mutant) => [mutant.id, mutant]));
  const judgements = new Map<string, Judgement[]>(proof.tests.map(({ id }) => [id, []]));
  for (const judgement of proof.judgements) judgements.get(judgement.test)?.push(judgement);
  const decided = proof.status !== "running";
  return proof.tests
    .map((test) => {
      const verdict = verdicts.get(test.id);
      return decided && verdict
        ? final(test, verdict)
        : soFar(test, proof, mutants, judgements.get(test.id) ?? []);
    })
    .toSorted((a, b) => Number(b.proven ?? 0) - Number(a.proven ?? 0) || b.rank - a.rank);
}

function final(test: ProofTest, { proven, passed, counted, why, score }: Verdict): Standing {
  const { visible, killed, macro, harmless, alarms, rank } = score;
  return {
    ...{ test, proven, passed, of: counted, why },
    ...{ visible, killed, macro, harmless, alarms, rank },
  };
}

function soFar(
  test: ProofTest,
  { done, runs }: Proof,
  mutants: Map<string, Mutant>,
  judgements: Judgement[],
): Standing {
  const own = done.filter((run) => run.test === test.id);
  const failed = own.some((run) => run.outcome !== "passed");
  return {
    test,
    proven: failed ? false : undefined,
    passed: own.filter((run) => run.outcome === "passed").length,
    of: Math.max(runs, own.length),
    ...tally(judgements, mutants),
  };
}

/** As the server scores when it is finished: time-outs count for nothing, only assertions kill. */
function tally(judgements: Judgement[], mutants: Map<string, Mutant>) {
  const operators = new Map<string, { visible: number; killed: number }>();
  let [harmless, alarms] = [0, 0];
  for (const { mutant: id, applied, visible, fate } of judgements) {
    const mutant = mutants.get(id);
    if (!mutant || fate === "timed_out") continue;
    if (isHarmless(mutant)) {
      if (applied) harmless++;
      if (applied && fate !== "survived" && fate !== "no_effect") alarms++;
    } else if (visible) {
      const sum = operators.get(mutant.operator) ?? { visible: 0, killed: 0 };
      sum.visible++;
      if (fate === "killed") sum.killed++;
      operators.set(mutant.operator, sum);
    }
  }
  const all = [...operators.values()];
  const macro = mean(all.map(({ visible, killed }) => killed / visible));
  const calm = harmless ? 1 - alarms / harmless : 1;
  return {
    visible: all.reduce((sum, each) => sum + each.visible, 0),
    killed: all.reduce((sum, each) => sum + each.killed, 0),
    ...{ macro, harmless, alarms },
    rank: macro + calm > 0 ? (2 * macro * calm) / (macro + calm) : 0,
  };
}

function mean(list: number[]): number {
  return list.length ? list.reduce((sum, n) => sum + n, 0) / list.length : 0;
}
