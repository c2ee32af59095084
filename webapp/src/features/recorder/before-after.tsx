import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleSlash, Clapperboard, Film, SearchX, TriangleAlert } from "lucide-react";
import { Notice } from "@/components/fault";
import { StatusMark } from "@/components/status";
import { Ago, Took, useClock } from "@/components/time";
import { Button, buttonClass } from "@/components/ui/button";
import { keys } from "@/features/live/keys";
import { Logo } from "@/features/shell/logo";
import { api, type Job, unwrap } from "@/lib/api";
import { whyNoStage } from "@/lib/recorder-api";
import type { Recording } from "@/lib/recording";
import { notifyError } from "@/lib/toast";

/** While the job waits for a worker or the browser starts: what it waits for and since when. */
export function Waiting({
  job,
  since,
  onCancel,
}: {
  job: Job;
  /** Since when its canvas is asked for; null while it is not. */
  since: number | null;
  onCancel: () => void;
}) {
  const started = job.status === "running" || job.status === "stopping";
  const why = useWhyNot(job.jobId, started ? since : null);
  const retrying = job.status === "retrying";
  return (
    <Notice
      page
      icon={<Logo className="h-12 w-auto" />}
      title={
        started
          ? why
            ? "The live picture cannot be had yet"
            : "The browser is starting"
          : retrying
            ? "It will be tried again"
            : "Waiting for a recorder"
      }
      actions={
        <>
          <Link to="/jobs/$jobId" params={{ jobId: job.jobId }} className={buttonClass()}>
            The job
          </Link>
          <Button onClick={onCancel}>Cancel…</Button>
        </>
      }
    >
      <p role="status">
        {started
          ? (why ?? "The first picture comes in a moment.")
          : retrying
            ? `Attempt ${job.attempt} failed: ${job.error?.message ?? "no reason was given"}.`
            : "It begins as soon as a worker of the recorder's queue has a slot free."}
      </p>
      <p className="mt-3 flex items-center justify-center gap-3">
        <StatusMark status={job.status} />
        <span className="text-ink-3">
          {started && job.startedAt ? (
            <>
              for <Took from={job.startedAt} />
            </>
          ) : (
            <>
              asked for <Ago time={job.createdAt} />
            </>
          )}
        </span>
      </p>
    </Notice>
  );
}

/** A browser starts in a few seconds; after that there may be something else in the way. */
const PATIENCE_MS = 8000;

function useWhyNot(id: string, since: number | null): string | null {
  const now = useClock();
  const why = useQuery({
    queryKey: keys.stage(id),
    queryFn: ({ signal }) => whyNoStage(id, signal),
    enabled: since !== null && now - since > PATIENCE_MS,
    refetchInterval: PATIENCE_MS,
    gcTime: 0,
    retry: false,
  });
  return why.data ?? null;
}

/** How a session ended, and what can be done now. */
export function Ended({ job, recording }: { job: Job; recording: Recording | null }) {
  const id = job.jobId;
  const steps = recording?.steps.length ?? 0;
  const open = (
    <Link
      to="/recordings/$recordingId"
      params={{ recordingId: id }}
      className={buttonClass("primary")}
    >
      Open the recording
    </Link>
  );
  const fresh = (
    <Link to="/record" className={buttonClass()}>
      New recording
    </Link>
  );
  if (job.status === "succeeded") {
    return (
      <Notice
        page
        icon={<Film />}
        title="Recorded"
        actions={
          <>
            {open}
            {fresh}
          </>
        }
      >
        {steps} steps are kept, with everything that belongs to them.
      </Notice>
    );
  }
  if (job.status === "cancelled") {
    return (
      <Notice page icon={<CircleSlash />} title="The recording was thrown away" actions={fresh}>
        What happened stays on the job's tape; files were not kept.
      </Notice>
    );
  }
  return <Failed job={job} steps={steps} open={steps > 0 ? open : null} fresh={fresh} />;
}

function Failed({
  job,
  steps,
  open,
  fresh,
}: {
  job: Job;
  steps: number;
  open: React.ReactNode;
  fresh: React.ReactNode;
}) {
  const retry = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/api/jobs/{jobId}/retry", {
          params: { path: { jobId: job.jobId } },
          body: {},
        }),
      ),
    onError: (error) => notifyError("It was not tried again", error),
  });
  return (
    <Notice
      page
      alert
      icon={<TriangleAlert />}
      title="The recording failed"
      actions={
        <>
          <Button look="primary" disabled={retry.isPending} onClick={() => retry.mutate()}>
            Try again
          </Button>
          {open}
          {fresh}
          <Link
            to="/jobs/$jobId"
            params={{ jobId: job.jobId }}
            search={{ tab: "log" }}
            className={buttonClass()}
          >
            Its log
          </Link>
        </>
      }
    >
      <p className="break-words">{job.error?.message ?? "No reason was given."}</p>
      {job.error?.code && <p className="mt-1 font-mono text-xs text-ink-3">{job.error.code}</p>}
      {steps > 0 && <p className="mt-2">{steps} steps were recorded before that.</p>}
    </Notice>
  );
}

export function NoSession() {
  return (
    <Notice
      page
      icon={<SearchX />}
      title="There is no such session"
      actions={
        <>
          <Link to="/record" className={buttonClass("primary")}>
            <Clapperboard aria-hidden="true" /> Record
          </Link>
          <Link to="/recordings" className={buttonClass()}>
            Recordings
          </Link>
        </>
      }
    />
  );
}
