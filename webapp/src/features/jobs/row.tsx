import { clsx } from "clsx";
import { memo } from "react";
import { ProgressBar, StatusMark } from "@/components/status";
import { Ago, Took } from "@/components/time";
import { Checkbox } from "@/components/ui/field";
import type { Job } from "@/lib/api";
import { shortId } from "@/lib/id";

/** The height of a row in pixels. */
export const ROW = 40;

export const Row = memo(function Row({
  job,
  index,
  selected,
  active,
  onToggle,
}: {
  job: Job;
  index: number;
  selected: boolean;
  active: boolean;
  onToggle: (index: number, range: boolean) => void;
}) {
  return (
    <tr
      aria-rowindex={index + 2}
      data-row={index}
      data-job={job.jobId}
      style={{ height: ROW }}
      className={clsx(
        "group [&>td]:border-b [&>td]:border-line [&>td]:px-2",
        selected ? "bg-select" : "hover:bg-well/60",
        active && "shadow-[inset_3px_0_0_var(--accent)]",
      )}
    >
      <td className="pl-4! md:pl-6!">
        <Checkbox
          aria-label={`Select ${job.kind} ${job.jobId}`}
          className="align-middle"
          checked={selected}
          onChange={(event) =>
            onToggle(index, "shiftKey" in event.nativeEvent && event.nativeEvent.shiftKey === true)
          }
        />
      </td>
      <td className="relative">
        <StatusMark status={job.status} className="max-sm:[&>span]:sr-only" />
        {job.status === "running" && job.progress && (
          <span className="absolute inset-x-2 bottom-1">
            <ProgressBar percent={job.progress.percent} label={`Progress of ${job.jobId}`} />
          </span>
        )}
      </td>
      <td>
        <span className="@container block">
          <span className="flex items-center gap-2">
            <a href={`/jobs/${job.jobId}`} className="min-w-0 truncate font-medium hover:underline">
              {job.kind}
            </a>
            <span className="shrink-0 font-mono text-xs text-ink-3" title={job.jobId}>
              {shortId(job.jobId)}
            </span>
            <Labels labels={job.labels} />
          </span>
        </span>
      </td>
      <td className="hidden lg:table-cell">
        <LastWord job={job} />
      </td>
      <td className="hidden truncate text-ink-2 xl:table-cell">
        {job.queue}
        {job.priority !== "normal" && (
          <span className="ml-1.5 text-xs text-ink-3">{job.priority}</span>
        )}
      </td>
      <td className="num hidden text-right text-ink-2 sm:table-cell">
        {job.attempt > 0 && `${job.attempt} of ${job.maxAttempts}`}
      </td>
      <td className="hidden text-right text-ink-2 sm:table-cell">
        {job.startedAt && <Took from={job.startedAt} to={job.finishedAt} />}
      </td>
      <td className="pr-4! text-right text-ink-2 md:pr-6!">
        <Ago time={job.createdAt} />
      </td>
    </tr>
  );
});

function Labels({ labels }: { labels: Job["labels"] }) {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return null;
  return (
    // Chips that do not fit wrap below the visible line instead of being squeezed.
    <span className="hidden h-5 min-w-20 shrink-[99] flex-wrap gap-1 overflow-hidden @[16rem]:flex">
      {entries.map(([key, value]) => (
        <span
          key={key}
          className="max-w-full truncate rounded-sm bg-well px-1.5 text-xs leading-5 text-ink-2"
          title={`${key}: ${value}`}
        >
          {key}: {value}
        </span>
      ))}
    </span>
  );
}

/** The most telling line: why it failed, when it runs next, or what it is doing. */
function LastWord({ job }: { job: Job }) {
  if (job.error && job.status !== "running") {
    return (
      <span className="block truncate text-ink-2" title={job.error.message}>
        <span className="mr-1.5 font-mono text-xs text-danger">{job.error.code}</span>
        {job.error.message}
      </span>
    );
  }
  if (job.runAt && (job.status === "delayed" || job.status === "retrying")) {
    return (
      <span className="text-ink-2">
        runs <Ago time={job.runAt} />
      </span>
    );
  }
  return <span className="block truncate text-ink-2">{job.progress?.message}</span>;
}
