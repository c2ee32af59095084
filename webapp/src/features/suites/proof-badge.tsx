import { Link } from "@tanstack/react-router";
import { BadgeCheck, CircleDashed, CircleX, FlaskConical } from "lucide-react";
import { useMemo } from "react";
import type { Proof } from "@/lib/proof-api";
import { standings } from "@/lib/proof-score";
import { integer } from "@/lib/time";
import { useProofOf, useProofRefresh } from "./use-suites";

export interface ProofSum {
  tests: number;
  proven: number;
  /** Faults that could be seen, and those of them that an assertion noticed. */
  visible: number;
  killed: number;
  harmless: number;
  alarms: number;
  /** Runs with a request that the recording does not have. */
  drifted: number;
}

/** What a proof comes to over all its tests. */
export function sumOf(proof: Proof): ProofSum {
  const all = standings(proof);
  const total = (part: "visible" | "killed" | "harmless" | "alarms") =>
    all.reduce((sum, each) => sum + each[part], 0);
  return {
    tests: all.length,
    proven: all.filter((each) => each.proven).length,
    visible: total("visible"),
    killed: total("killed"),
    harmless: total("harmless"),
    alarms: total("alarms"),
    drifted: proof.done.filter((run) => (run.drift ?? 0) > 0).length,
  };
}

/** How many tests of a suite are proven, and how well they notice faults. It leads to the proof. */
export function ProofBadge({ proofId, long = false }: { proofId: string; long?: boolean }) {
  const { data: proof, isError } = useProofOf(proofId);
  if (isError) return <span className="text-sm text-ink-3">The proof cannot be read</span>;
  if (proof === undefined) return <span className="h-5 w-40 rounded-sm bg-well" />;
  return (
    <>
      {(long || proof === null || proof.status === "running") && <Following proofId={proofId} />}
      <Badge proofId={proofId} proof={proof} long={long} />
    </>
  );
}

function Following({ proofId }: { proofId: string }) {
  useProofRefresh(proofId);
  return null;
}

function Badge({ proofId, proof, long }: { proofId: string; proof: Proof | null; long: boolean }) {
  const sum = useMemo(() => (proof ? sumOf(proof) : undefined), [proof]);
  const { icon: Icon, word, colour } = look(proof, sum);
  return (
    <Link
      to="/jobs/$jobId"
      params={{ jobId: proofId }}
      className="group inline-flex flex-wrap items-center gap-x-3 gap-y-0.5 text-sm"
    >
      <span
        className="inline-flex items-center gap-1.5 font-semibold whitespace-nowrap group-hover:underline"
        style={{ color: colour }}
      >
        <Icon aria-hidden="true" className="size-4" /> {word}
      </span>
      {sum && <Figures sum={sum} long={long} />}
    </Link>
  );
}

function look(proof: Proof | null, sum: ProofSum | undefined) {
  if (!proof || !sum) {
    return { icon: FlaskConical, word: "To be verified", colour: "var(--state-queued)" };
  }
  const of = `${integer(sum.proven)} of ${integer(sum.tests)}`;
  if (proof.status === "running") {
    return { icon: CircleDashed, word: "Being verified", colour: "var(--state-running)" };
  }
  if (proof.status === "broken" || proof.status === "stopped") {
    return { icon: CircleX, word: `Proof ${proof.status}`, colour: "var(--state-stopping)" };
  }
  return sum.proven === sum.tests && sum.tests > 0
    ? { icon: BadgeCheck, word: `Proven ${of}`, colour: "var(--state-succeeded)" }
    : { icon: CircleX, word: `Proven ${of}`, colour: "var(--state-failed)" };
}

function Figures({ sum, long }: { sum: ProofSum; long: boolean }) {
  const { visible, killed, harmless, alarms, drifted } = sum;
  const blind = visible - killed;
  const parts = [
    visible > 0 && `${integer(killed)} of ${integer(visible)} faults killed`,
    long && visible > 0 && `${integer(blind)} blind ${blind === 1 ? "spot" : "spots"}`,
    (long || alarms > 0) &&
      harmless > 0 &&
      `${integer(alarms)} of ${integer(harmless)} false alarms`,
    drifted > 0 && `${integer(drifted)} ${drifted === 1 ? "run" : "runs"} with drift`,
  ].filter((part) => part !== false);
  return parts.map((part) => (
    <span key={part} className="num whitespace-nowrap text-ink-2">
      {part}
    </span>
  ));
}
