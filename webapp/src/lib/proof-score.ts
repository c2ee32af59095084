import type { Judgement, Mutant, Proof, ProofRun, ProofTest, Repair, Verdict } from "./proof-api";

/** The layer of changes that no test should mind. */
export const harmless = "harmless";

/** What stands before the dot of an operator's name. */
export function layerOf(operator: string): string {
  return operator.split(".", 1)[0] ?? "";
}

export const isHarmless = (mutant: Mutant) => layerOf(mutant.operator) === harmless;

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
  /** The repair that it is run with. */
  repair?: Repair;
}

/** The runs of each test as it is: once it was mended only those of the mended one. */
export function countedRuns({ done, repairs = [] }: Proof): ProofRun[] {
  const kept = new Map(repairs.filter((each) => each.kept).map((each) => [each.test, each.number]));
  return done.filter((run) => (run.repair ?? 0) === (kept.get(run.test) ?? 0));
}

/** All tests, the best first. */
export function standings(proof: Proof): Standing[] {
  const verdicts = new Map(proof.verdicts.map((verdict) => [verdict.test, verdict]));
  const mutants = new Map(proof.mutants.map((mutant) => [mutant.id, mutant]));
  const judgements = new Map<string, Judgement[]>(proof.tests.map(({ id }) => [id, []]));
  for (const judgement of proof.judgements) judgements.get(judgement.test)?.push(judgement);
  const repairs = new Map(
    (proof.repairs ?? []).filter((each) => each.kept).map((each) => [each.test, each]),
  );
  const runs = countedRuns(proof);
  const decided = proof.status !== "running";
  return proof.tests
    .map((test) => {
      const verdict = decided ? verdicts.get(test.id) : undefined;
      return {
        ...{ test, repair: repairs.get(test.id) },
        ...(verdict ? final(verdict) : soFar(test, proof.runs, runs)),
        // Faults may be tried after the verdict.
        ...tally(judgements.get(test.id) ?? [], mutants),
      };
    })
    .toSorted((a, b) => Number(b.proven ?? 0) - Number(a.proven ?? 0) || b.rank - a.rank);
}

function final({ proven, passed, counted, why }: Verdict) {
  return { proven, passed, of: counted, why };
}

function soFar({ id }: ProofTest, runs: number, done: ProofRun[]) {
  const own = done.filter((run) => run.test === id);
  const failed = own.some((run) => run.outcome !== "passed");
  return {
    proven: failed ? false : undefined,
    passed: own.filter((run) => run.outcome === "passed").length,
    of: Math.max(runs, own.length),
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
