import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Meter } from "@/components/meter";
import { isFinal } from "@/components/status";
import { keys } from "@/features/live/keys";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { api, unwrap } from "@/lib/api";
import type { Proof, Rest } from "@/lib/proof-api";
import { integer } from "@/lib/time";

/** How far the faults are for which the verification had no time. */
export function RestLine({ proof, rest: { jobId } }: { proof: Proof; rest: Rest }) {
  const key = keys.restJob(proof.proofId, jobId);
  const job = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/jobs/{jobId}", { params: { path: { jobId } }, signal })),
  });
  useRefreshOnEvents([key], { jobs: [jobId] }, 500);
  const tried = new Set(proof.judgements.map((judgement) => judgement.mutant)).size;
  const all = proof.mutants.length;
  const over = job.data && isFinal(job.data.status);
  return (
    <section aria-label="Faults that are left" className="max-w-2xl text-sm">
      <p className="mb-1.5">
        <span className="num font-semibold">
          {integer(tried)} of {integer(all)}
        </span>{" "}
        faults tried; {over ? "the rest was left to" : "the rest goes on in"}{" "}
        <Link
          to="/jobs/$jobId"
          params={{ jobId }}
          className="underline decoration-line-strong underline-offset-3 hover:decoration-ink"
        >
          a job of its own
        </Link>
        {over &&
          `, which ${job.data.status === "succeeded" ? "is done" : `was ${job.data.status}`}`}
        .
      </p>
      <Meter part={tried} whole={all} />
    </section>
  );
}
