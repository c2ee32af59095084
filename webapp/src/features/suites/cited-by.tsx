import { Link } from "@tanstack/react-router";
import type { Job } from "@/lib/api";
import { type Citation, casesKind, type TestCases } from "@/lib/suites-api";
import { integer } from "@/lib/time";
import { useCases, useSuiteList } from "./use-suites";

/** Only so many of the newest sets are looked through: each is read whole. */
const LOOKED_THROUGH = 3;

/** The newest sets of cases that read a document's source, with how many of their cases cite it. */
export function CitedBy({
  documentId,
  sourceId,
  project,
}: {
  documentId: string;
  sourceId: string;
  project: string;
}) {
  const list = useSuiteList({ kind: casesKind, about: sourceId, project });
  const jobs = list.data?.pages[0]?.items.filter(({ status }) => status === "succeeded") ?? [];
  if (jobs.length === 0) return null;
  return (
    <section className="mt-5 text-sm">
      <h2 className="mb-1.5 text-xs font-semibold text-ink-3">Newest test cases of its source</h2>
      <ul className="flex flex-col gap-1">
        {jobs.slice(0, LOOKED_THROUGH).map((job) => (
          <Citing key={job.jobId} job={job} documentId={documentId} />
        ))}
      </ul>
    </section>
  );
}

function Citing({ job, documentId }: { job: Job; documentId: string }) {
  const { data: set } = useCases(job.jobId);
  if (!set) return null;
  const ids = citing(set, documentId);
  return (
    <li className="flex min-w-0 items-baseline gap-2">
      <Link
        to="/suites/cases/$setId"
        params={{ setId: job.jobId }}
        search={{ case: ids[0] }}
        className="min-w-0 truncate underline underline-offset-2"
      >
        {set.name || "Test cases"}
      </Link>
      <span className="num shrink-0 text-xs text-ink-3">
        {ids.length === 0
          ? "none cites it"
          : `${integer(ids.length)} ${ids.length === 1 ? "case cites it" : "cases cite it"}`}
      </span>
    </li>
  );
}

/** The cases that cite a document anywhere. */
export function citing({ cases }: TestCases, documentId: string): string[] {
  const of = (list: Citation[] = []) => list.some((each) => each.documentId === documentId);
  return cases
    .filter(
      ({ sources, steps }) =>
        of(sources) || steps.some((step) => of(step.sources) || of(step.expectedSources)),
    )
    .map(({ caseId }) => caseId);
}
