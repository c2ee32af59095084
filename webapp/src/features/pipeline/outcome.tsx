import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { api, unwrap } from "@/lib/api";
import { proofs } from "@/lib/proof-api";
import { standings } from "@/lib/proof-score";
import { integer } from "@/lib/time";
import type { Pipeline } from "./axis";

/** What a pipeline has made, with its findings and what its test is worth. */
export function Outcome({ pipeline }: { pipeline: Pipeline }) {
  const { result } = pipeline;
  if (!result) return null;
  const { recordingId, casesId, generateId, proofId } = result;
  const look = "font-medium underline decoration-line-strong underline-offset-3";
  return (
    <dl className="mt-3 flex flex-wrap gap-x-6 gap-y-1 text-sm">
      {recordingId && (
        <Fact name="Flow">
          <Link to="/recordings/$recordingId" params={{ recordingId }} className={look}>
            Recording
          </Link>
        </Fact>
      )}
      {casesId && (
        <Fact name="Documents">
          <Link to="/suites/cases/$setId" params={{ setId: casesId }} className={look}>
            <Cases id={casesId} />
          </Link>
        </Fact>
      )}
      {generateId && (
        <Fact name="Test">
          <Link to="/suites/$suiteId" params={{ suiteId: generateId }} className={look}>
            Code and review
          </Link>
        </Fact>
      )}
      {proofId && (
        <Fact name="Proof">
          <Link to="/jobs/$jobId" params={{ jobId: proofId }} className={look}>
            <Worth id={proofId} />
          </Link>
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex gap-1.5">
      <dt className="text-ink-3">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** How many cases there are, what disagrees, and what nothing touches. */
function Cases({ id }: { id: string }) {
  const { data } = useQuery({
    queryKey: ["pipeline", "cases", id],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/jobs/{jobId}", { params: { path: { jobId: id } }, signal })),
  });
  const made = data?.result as { cases: number; findings: number; uncovered: number } | undefined;
  if (!made) return "Test cases";
  const { cases, findings, uncovered } = made;
  return `${count(cases, "case")}, ${count(findings, "finding")}, ${integer(uncovered)} uncovered`;
}

/** What the proof comes to. */
function Worth({ id }: { id: string }) {
  const { data } = useQuery({
    queryKey: ["pipeline", "proof", id],
    queryFn: ({ signal }) => proofs.get(id, signal),
    structuralSharing: false,
  });
  if (!data) return "Proof";
  const all = standings(data);
  const sum = (part: "visible" | "killed") => all.reduce((n, each) => n + each[part], 0);
  const proven = all.filter((each) => each.proven).length;
  const faults = sum("visible");
  return `Proven ${integer(proven)} of ${integer(all.length)}${
    faults > 0 ? `, ${integer(sum("killed"))} of ${integer(faults)} faults killed` : ""
  }`;
}

function count(n: number, what: string): string {
  return `${integer(n)} ${what}${n === 1 ? "" : "s"}`;
}
