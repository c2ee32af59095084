import { Link } from "@tanstack/react-router";
import { FileCode2, ListChecks } from "lucide-react";
import type { ReactNode } from "react";
import { isFinal, StatusMark } from "@/components/status";
import { Ago } from "@/components/time";
import type { Job } from "@/lib/api";
import { casesKind } from "@/lib/suites-api";
import { integer } from "@/lib/time";
import { StandingMark } from "./case-marks";
import { ProofBadge } from "./proof-badge";
import { ReviewProgress } from "./review";
import { currentProof, useReviewOf } from "./use-suite-review";
import { inputOf, resultOf, useCases, useListedJob, useRecordingName } from "./use-suites";

/** Suites and sets of cases, each with what came of it. */
export function SuiteList({ jobs, label }: { jobs: Job[]; label: string }) {
  return (
    <ul
      aria-label={label}
      className="flex flex-col overflow-hidden rounded-md border border-line bg-panel"
    >
      {jobs.map((job) => (
        <li key={job.jobId} className="border-b border-line last:border-0">
          <Row listed={job} />
        </li>
      ))}
    </ul>
  );
}

function Row({ listed }: { listed: Job }) {
  const { data: job } = useListedJob(listed);
  const recordingId = job && inputOf(job).recordingId;
  const name = useRecordingName(recordingId, listed.project);
  const cases = listed.kind === casesKind;
  return (
    <div className="flex gap-3 px-3 py-2.5 md:px-4">
      <span className="mt-0.5 text-ink-3 [&_svg]:size-4">
        {cases ? <ListChecks aria-hidden="true" /> : <FileCode2 aria-hidden="true" />}
      </span>
      <div className="flex min-w-0 grow flex-col gap-1">
        <div className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5">
          <SuiteLink job={listed}>{name || (name === "" ? "A lost recording" : "…")}</SuiteLink>
          <span className="text-xs text-ink-3">{cases ? "Test cases" : "Tests"}</span>
          <span className="ml-auto text-xs text-ink-3">
            <Ago time={listed.createdAt} />
          </span>
        </div>
        <Outcome listed={listed} job={job} />
      </div>
    </div>
  );
}

/** Leads to the page of a suite, or of a set of cases. */
export function SuiteLink({ job, children }: { job: Job; children: ReactNode }) {
  const look = "min-w-0 text-sm font-medium wrap-anywhere hover:underline";
  return job.kind === casesKind ? (
    <Link to="/suites/cases/$setId" params={{ setId: job.jobId }} className={look}>
      {children}
    </Link>
  ) : (
    <Link to="/suites/$suiteId" params={{ suiteId: job.jobId }} className={look}>
      {children}
    </Link>
  );
}

/** What came of a job: its proof, how far its review is, or why there is nothing. */
export function Outcome({ listed, job }: { listed: Job; job: Job | undefined }) {
  if (listed.status !== "succeeded") return <Unfinished job={listed} />;
  if (listed.kind === casesKind) return <Reviewed jobId={listed.jobId} />;
  if (!job) return <span className="h-5 w-48 rounded-sm bg-well" />;
  return <Written job={job} />;
}

/** What people think of a suite, and what its current text is worth. */
function Written({ job }: { job: Job }) {
  const { data: review, isError } = useReviewOf(job.jobId);
  const { notes } = resultOf(job);
  if (review === undefined && !isError) return <span className="h-5 w-48 rounded-sm bg-well" />;
  const proofId = currentProof(job, review ?? null);
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-0.5 text-sm text-ink-3">
      {review && review.standing !== "proposed" && <StandingMark standing={review.standing} />}
      {proofId ? <ProofBadge proofId={proofId} /> : "Not verified"}
      {notes && notes.length > 0 && (
        <span className="num">
          {integer(notes.length)} {notes.length === 1 ? "note" : "notes"}
        </span>
      )}
    </span>
  );
}

function Unfinished({ job }: { job: Job }) {
  return (
    <span className="flex flex-wrap items-baseline gap-x-3 text-sm">
      <StatusMark status={job.status} />
      {!isFinal(job.status) && job.progress?.message && (
        <span className="text-ink-2">{job.progress.message}</span>
      )}
      {job.error && <span className="wrap-anywhere text-ink-2">{job.error.message}</span>}
    </span>
  );
}

function Reviewed({ jobId }: { jobId: string }) {
  const { data: set, isError } = useCases(jobId);
  if (isError) return <span className="text-sm text-ink-3">The cases cannot be read</span>;
  if (set === undefined) return <span className="h-5 w-48 rounded-sm bg-well" />;
  if (set === null) return <span className="text-sm text-ink-3">No cases</span>;
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-0.5">
      <ReviewProgress set={set} />
      {set.findings.length > 0 && (
        <span className="num text-sm whitespace-nowrap text-warn">
          {integer(set.findings.length)} {set.findings.length === 1 ? "finding" : "findings"}
        </span>
      )}
    </span>
  );
}
