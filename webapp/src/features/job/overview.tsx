import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Json } from "@/components/json";
import { StatusMark } from "@/components/status";
import { Ago } from "@/components/time";
import { Button } from "@/components/ui/button";
import { Field, Textarea } from "@/components/ui/field";
import { useLive } from "@/features/live/context";
import { keys } from "@/features/live/keys";
import { api, type Job, type TapeEvent, unwrap } from "@/lib/api";
import { shortId } from "@/lib/id";
import type { Attempt } from "@/lib/tape";
import { stamp } from "@/lib/time";
import { notifyError } from "@/lib/toast";

/** Why it ended so, what went in and came out, whom it belongs to, and what people noted. */
export function Overview({
  job,
  events,
  attempts,
  above,
}: {
  job: Job;
  events: TapeEvent[];
  attempts: Attempt[];
  /** What jobs of a kind have before all else. */
  above?: ReactNode;
}) {
  const failures = attempts.filter((attempt) => attempt.error).toReversed();
  return (
    <div className="scroll-thin relative min-h-0 grow overflow-y-auto px-4 py-4 md:px-6">
      {above}
      <div className="grid grid-cols-[minmax(0,1fr)] gap-8 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-6">
          {failures.length > 0 && <Failures failures={failures} jobId={job.jobId} />}
          {job.result !== undefined && job.result !== null && (
            <Part title="Result">
              <Json value={job.result} label="Result" />
            </Part>
          )}
          <Part title="Input">
            <Json value={job.input ?? null} label="Input" />
          </Part>
        </div>
        <div className="flex min-w-0 flex-col gap-6">
          <Family job={job} />
          <Annotations jobId={job.jobId} events={events} />
        </div>
      </div>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h2 className="mb-2 text-sm font-semibold">{title}</h2>
      {children}
    </div>
  );
}

/** The error of every attempt, the latest first: a retry does not wipe out why the first failed. */
function Failures({ failures, jobId }: { failures: Attempt[]; jobId: string }) {
  return (
    <Part title={failures.length > 1 ? `Errors of ${failures.length} attempts` : "Error"}>
      <ol className="flex flex-col gap-2">
        {failures.map((attempt) => (
          <li
            key={attempt.number}
            className="rounded-md border border-danger/30 border-l-4 border-l-danger bg-panel px-3 py-2 text-sm"
          >
            <p className="flex flex-wrap items-baseline gap-x-3 text-xs text-ink-3">
              <span className="font-mono text-danger">{attempt.error?.code}</span>
              <span>attempt {attempt.number}</span>
              {attempt.finishedAt && <span>{stamp(attempt.finishedAt)}</span>}
              <Link
                to="/jobs/$jobId"
                params={{ jobId }}
                search={{ tab: "log", attempt: attempt.number }}
                className="ml-auto underline"
              >
                Log of this attempt
              </Link>
            </p>
            <p className="mt-1 font-medium break-words">{attempt.error?.message}</p>
            {attempt.error?.detail && (
              <details className="mt-1">
                <summary className="text-xs text-ink-2">Detail</summary>
                <pre className="scroll-thin mt-1 max-h-80 overflow-auto font-mono text-xs whitespace-pre-wrap">
                  {attempt.error.detail}
                </pre>
              </details>
            )}
          </li>
        ))}
      </ol>
    </Part>
  );
}

function Family({ job }: { job: Job }) {
  const client = useQueryClient();
  const children = useQuery({
    queryKey: keys.children(job.jobId),
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/jobs", {
          params: { query: { parent: job.jobId, limit: 50, count: true, sort: "createdAt" } },
          signal,
        }),
      ),
    gcTime: 0,
  });
  const reload = () => void client.invalidateQueries({ queryKey: keys.children(job.jobId) });
  useLive({
    filter: { parents: [job.jobId], stateOnly: true },
    mode: "coalesce",
    from: children.data?.cursor,
    onBatch: reload,
    onGone: reload,
  });
  const list = children.data?.items ?? [];
  const from = job.forkedFrom;
  if (!job.parentId && !from && !job.after?.length && list.length === 0) return null;
  return (
    <Part title="Related jobs">
      <ul className="flex flex-col gap-1 text-sm">
        {job.parentId && <Relative how="Parent" jobId={job.parentId} />}
        {from && (
          <Relative how="Forked" jobId={from.jobId}>
            from its event {from.version}
          </Relative>
        )}
        {job.after?.map(({ jobId }) => (
          <Relative key={jobId} how="After" jobId={jobId} />
        ))}
        {list.map((child) => (
          <li key={child.jobId} className="flex items-center gap-3">
            <span className="w-14 text-ink-3">Child</span>
            <JobLink job={child} />
          </li>
        ))}
      </ul>
      {(children.data?.total ?? 0) > list.length && (
        <Link
          to="/jobs"
          search={{ parent: job.jobId }}
          className="mt-2 inline-block text-sm underline"
        >
          All {children.data?.total} children
        </Link>
      )}
    </Part>
  );
}

function Relative({ how, jobId, children }: { how: string; jobId: string; children?: ReactNode }) {
  const { data } = useQuery({
    queryKey: ["relative", jobId],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/jobs/{jobId}", { params: { path: { jobId } }, signal })),
    staleTime: 10_000,
  });
  return (
    <li className="flex flex-wrap items-center gap-x-3">
      <span className="w-14 text-ink-3">{how}</span>
      {data ? (
        <JobLink job={data} />
      ) : (
        <Link to="/jobs/$jobId" params={{ jobId }} className="truncate font-mono text-xs underline">
          {jobId}
        </Link>
      )}
      {children && <span className="whitespace-nowrap text-ink-3">{children}</span>}
    </li>
  );
}

function JobLink({ job }: { job: Job }) {
  return (
    <>
      <StatusMark status={job.status} className="w-28 text-xs" />
      <Link
        to="/jobs/$jobId"
        params={{ jobId: job.jobId }}
        className="truncate font-medium underline decoration-line-strong underline-offset-3"
      >
        {job.kind}
      </Link>
      <span className="font-mono text-xs text-ink-3">{shortId(job.jobId)}</span>
    </>
  );
}

function Annotations({ jobId, events }: { jobId: string; events: TapeEvent[] }) {
  const [text, setText] = useState("");
  const add = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST("/api/jobs/{jobId}/annotate", {
          params: { path: { jobId } },
          body: { text: text.trim() },
        }),
      ),
    onSuccess: () => setText(""),
    onError: (error) => notifyError("The note was not added", error),
  });
  const notes = events.filter((event) => event.type === "job.annotated");
  return (
    <Part title="Notes">
      {notes.length > 0 && (
        <ol className="mb-3 flex flex-col gap-2">
          {notes.map((note) => (
            <li key={note.sequence} className="border-l-2 border-accent pl-3 text-sm">
              <p className="break-words whitespace-pre-wrap">
                {String((note.data as { text?: string }).text ?? "")}
              </p>
              <p className="text-xs text-ink-3">
                {note.actor && `${note.actor}, `}
                <Ago time={note.time} />, event {note.sequence}
              </p>
            </li>
          ))}
        </ol>
      )}
      <form
        className="flex flex-col items-start gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) add.mutate();
        }}
      >
        <Field
          label="Add a note"
          hint="It becomes an event on the tape, for everybody."
          className="w-full"
        >
          {(props) => (
            <Textarea
              {...props}
              rows={2}
              maxLength={10_000}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" disabled={!text.trim() || add.isPending}>
          Add
        </Button>
      </form>
    </Part>
  );
}
