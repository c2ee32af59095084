import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  ArrowDownToLine,
  ChevronRight,
  CircleStop,
  Copy,
  CopyPlus,
  GitFork,
  RotateCw,
  XCircle,
} from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { isActive, isFinal, ProgressBar, StatusMark } from "@/components/status";
import { Ago, Took } from "@/components/time";
import { Button, buttonClass } from "@/components/ui/button";
import { announce } from "@/features/live/announcer";
import { keys } from "@/features/live/keys";
import { api, apiBase, type Job, type Status, unwrap } from "@/lib/api";
import { copyText } from "@/lib/clipboard";
import { patient } from "@/lib/patient";
import type { Attempt } from "@/lib/tape";
import { notifyError } from "@/lib/toast";

const CancelDialog = lazy(patient(() => import("./cancel-dialog")));
const ForkDialog = lazy(patient(() => import("./fork-dialog")));

type Command = "cancel" | "stop" | "retry";

/** What the job is, where it stands, and what a person can do about it. */
export function JobHead({
  job,
  attempts,
  version,
}: {
  job: Job;
  attempts: Attempt[];
  /** The event that the job is looked at; undefined for the newest. */
  version: number | undefined;
}) {
  useEffect(() => {
    document.title = `${job.status} · ${job.kind} · Tapedeck`;
  }, [job.status, job.kind]);
  const said = useRef(job.status);
  useEffect(() => {
    if (said.current !== job.status) announce(`The job is now ${job.status}.`);
    said.current = job.status;
  }, [job.status]);
  const worker = attempts.at(-1)?.worker;
  return (
    <header className="flex shrink-0 flex-col gap-2 px-4 pt-3 pb-3 md:px-6">
      <nav aria-label="Breadcrumb" className="flex items-center gap-1 text-sm text-ink-3">
        <Link to="/jobs" className="hover:text-ink hover:underline">
          Jobs
        </Link>
        <ChevronRight className="size-3.5" aria-hidden="true" />
        <CopyId id={job.jobId} />
      </nav>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="min-w-0 text-xl font-semibold tracking-tight break-words">{job.kind}</h1>
        <span data-testid="job-status">
          <StatusMark status={job.status} className="text-base" />
        </span>
        <Actions job={job} version={version} />
      </div>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 text-sm">
        <Fact name="Attempt">
          <span className="num">
            {job.attempt} of {job.maxAttempts}
          </span>
        </Fact>
        <Fact name="Queue">
          {job.queue}
          {job.priority !== "normal" && `, ${job.priority} priority`}
        </Fact>
        <Fact name="Project">{job.project}</Fact>
        <Fact name="Created">
          <Ago time={job.createdAt} />
        </Fact>
        {job.startedAt && (
          <Fact name={job.finishedAt ? "Took" : "Running for"}>
            <Took
              from={job.startedAt}
              to={job.finishedAt ?? (isActive(job.status) ? undefined : job.updatedAt)}
            />
          </Fact>
        )}
        {job.runAt && !isFinal(job.status) && !isActive(job.status) && job.status !== "queued" && (
          <Fact name="Runs">
            <Ago time={job.runAt} />
          </Fact>
        )}
        {worker && <Fact name="Worker">{worker}</Fact>}
        {Object.entries(job.labels ?? {}).map(([key, value]) => (
          <Fact key={key} name={key}>
            <Link
              to="/jobs"
              search={{ label: [`${key}:${value}`] }}
              className="underline decoration-line-strong underline-offset-3 hover:decoration-ink"
            >
              {value}
            </Link>
          </Fact>
        ))}
      </dl>
      {isActive(job.status) && job.progress && (
        <div className="flex items-center gap-3 text-sm">
          <span className="w-40">
            <ProgressBar percent={job.progress.percent} label="Progress" />
          </span>
          {job.progress.percent !== undefined && (
            <span className="num">{Math.round(job.progress.percent)} %</span>
          )}
          <span className="min-w-0 truncate text-ink-2">{job.progress.message}</span>
        </div>
      )}
    </header>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex max-w-80 min-w-0 gap-1.5">
      <dt className="shrink-0 text-ink-3">{name}</dt>
      <dd className="min-w-0 truncate">{children}</dd>
    </div>
  );
}

function CopyId({ id }: { id: string }) {
  return (
    <button
      type="button"
      className="inline-flex min-w-0 items-center gap-1.5 font-mono text-xs hover:text-ink"
      onClick={() => void copyText(id, "Job id copied")}
    >
      <span className="truncate">{id}</span>
      <Copy className="size-3.5 shrink-0" aria-hidden="true" />
      <span className="sr-only">Copy the job's id</span>
    </button>
  );
}

export function allowed(status: Status): Record<Command, boolean> {
  return {
    cancel: !isFinal(status),
    stop: status === "running",
    retry: ["failed", "cancelled", "dead", "retrying"].includes(status),
  };
}

function Actions({ job, version }: { job: Job; version: number | undefined }) {
  const client = useQueryClient();
  const [confirming, setConfirming] = useState(false);
  const [forking, setForking] = useState(false);
  const command = useMutation({
    mutationFn: ({ name, reason }: { name: Command; reason?: string }) =>
      unwrap(
        api.POST(`/api/jobs/{jobId}/${name}`, {
          params: { path: { jobId: job.jobId } },
          body: reason ? { reason } : {},
        }),
      ),
    onSuccess: (after) => {
      client.setQueryData<Job>(keys.job(job.jobId), (have) =>
        have && have.version >= after.version ? have : after,
      );
      setConfirming(false);
    },
    onError: (error, { name }) => notifyError(`The job did not take “${name}”`, error),
  });
  const can = allowed(job.status);
  return (
    <div className="ml-auto flex flex-wrap gap-2">
      {can.retry && (
        <Button
          look="primary"
          disabled={command.isPending}
          onClick={() => command.mutate({ name: "retry" })}
        >
          <RotateCw aria-hidden="true" />
          {job.status === "retrying" ? "Retry now" : "Retry"}
        </Button>
      )}
      {can.stop && (
        <Button
          disabled={command.isPending}
          onClick={() => command.mutate({ name: "stop" })}
          title="Finish early and keep what there is"
        >
          <CircleStop aria-hidden="true" /> Stop
        </Button>
      )}
      {can.cancel && (
        <Button disabled={command.isPending} onClick={() => setConfirming(true)}>
          <XCircle aria-hidden="true" /> Cancel…
        </Button>
      )}
      <Button onClick={() => setForking(true)} title="A job like this one, with changed input">
        <GitFork aria-hidden="true" /> {version ? `Fork at event ${version}…` : "Fork…"}
      </Button>
      <Link to="/submit" search={{ kind: job.kind, from: job.jobId }} className={buttonClass()}>
        <CopyPlus aria-hidden="true" /> Submit a copy
      </Link>
      <a
        href={`${apiBase}/api/jobs/${job.jobId}/tape?compression=gzip`}
        download={`${job.jobId}.tape.gz`}
        className={buttonClass()}
        title="The whole tape, verifiable offline"
      >
        <ArrowDownToLine aria-hidden="true" /> Tape
      </a>
      <Suspense>
        {confirming && (
          <CancelDialog
            job={job}
            pending={command.isPending}
            onClose={() => setConfirming(false)}
            onCancel={(reason) => command.mutate({ name: "cancel", reason })}
          />
        )}
        {forking && <ForkDialog job={job} version={version} onClose={() => setForking(false)} />}
      </Suspense>
    </div>
  );
}
