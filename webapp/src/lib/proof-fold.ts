import type { TapeEvent } from "./api";
import type { Judgement, Mutant, Proof, ProofRun } from "./proof-api";

/** The job kind that makes proofs. */
export const proofKind = "suite.verify";

type Data = Record<string, unknown>;

/** Whether the event is of a proof's stream. */
export function isProofEvent(event: TapeEvent): boolean {
  return event.stream.startsWith("proof/");
}

/**
 * A loaded proof with what happened since. What it holds already is passed over by its sequence;
 * `reload` says that it can only be known by asking: something is missing, another attempt began, or
 * something happened that is too rare to be folded here.
 */
export function applyProofEvents(
  proof: Proof,
  events: TapeEvent[],
): { proof: Proof; reload: boolean } {
  let next = proof;
  for (const event of events) {
    if (event.sequence <= next.version) continue;
    const changed = change(next, event.type, (event.data ?? {}) as Data);
    if (event.sequence !== next.version + 1 || !changed) return { proof: next, reload: true };
    next = {
      ...next,
      ...changed,
      version: event.sequence,
      updatedAt: event.time,
    };
  }
  return { proof: next, reload: false };
}

function change(proof: Proof, type: string, data: Data): Partial<Proof> | null {
  switch (type) {
    case "proof.ran":
      return { done: proof.done.concat((data.runs ?? []) as ProofRun[]) };
    case "proof.mutants_chosen":
      return {
        mutants: proof.mutants.concat((data.mutants ?? []) as Mutant[]),
        mutantsOf: proof.mutantsOf + Number(data.of ?? 0),
      };
    case "proof.judged":
      return { judgements: proof.judgements.concat((data.judgements ?? []) as Judgement[]) };
    case "proof.finished": {
      const { outcome, reason, verdicts, notes, durationMs } = data as Partial<Proof> & Data;
      return {
        status: outcome as Proof["status"],
        reason,
        verdicts: verdicts ?? [],
        notes,
        durationMs,
      };
    }
    default:
      return null;
  }
}
