import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, ChevronsRight } from "lucide-react";
import { useEffect, useId } from "react";
import { Fault } from "@/components/fault";
import { Json } from "@/components/json";
import { Button } from "@/components/ui/button";
import { keys } from "@/features/live/keys";
import { api, type Job, type TapeEvent, unwrap } from "@/lib/api";
import { type Change, diff, pathText } from "@/lib/diff";
import { useShortcuts } from "@/lib/shortcuts";
import { summary } from "@/lib/tape";
import { stamp } from "@/lib/time";

// These change with every event and say nothing about it.
const ALWAYS = new Set(["version", "cursor", "updatedAt"]);

function versionQuery(jobId: string, version: number) {
  return {
    queryKey: keys.version(jobId, version),
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      unwrap(
        api.GET("/api/jobs/{jobId}", { params: { path: { jobId }, query: { version } }, signal }),
      ),
    // A past state never changes.
    gcTime: 300_000,
  };
}

/**
 * The job as it was after its n-th event, and what that event changed. Without a chosen version it
 * is the latest, and moves with the job.
 */
export function StateView({
  job,
  events,
  chosen,
  onChoose,
}: {
  job: Job;
  events: TapeEvent[];
  chosen: number | undefined;
  onChoose: (version: number | undefined) => void;
}) {
  const client = useQueryClient();
  const latest = job.version;
  const version = Math.min(Math.max(1, chosen ?? latest), latest);
  const state = useQuery({
    ...versionQuery(job.jobId, version),
    placeholderData: (before) => before,
  });
  const before = useQuery({
    ...versionQuery(job.jobId, version - 1),
    enabled: version > 1,
    placeholderData: (old) => old,
  });
  const event = events[version - 1];
  const stale = state.isPlaceholderData || (version > 1 && before.isPlaceholderData);

  useEffect(() => {
    for (const near of [version - 2, version + 1]) {
      if (near >= 1 && near <= latest) void client.prefetchQuery(versionQuery(job.jobId, near));
    }
  }, [client, job.jobId, version, latest]);

  if (state.isError) return <Fault error={state.error} retry={() => void state.refetch()} />;
  const was = version > 1 ? before.data : {};
  const changes =
    state.data && was && !stale
      ? diff(was, state.data).filter((change) => !ALWAYS.has(change.path[0] ?? ""))
      : null;

  return (
    <div className="scroll-thin relative min-h-0 grow overflow-y-auto px-4 py-3 md:px-6">
      <Slider
        version={version}
        latest={latest}
        following={chosen === undefined}
        event={event}
        onChoose={onChoose}
      />
      <div className="mt-4 grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[repeat(2,minmax(0,1fr))]">
        <section aria-label="What this event changed">
          <h2 className="mb-2 text-sm font-semibold">What event {version} changed</h2>
          {changes === null ? (
            <p className="text-sm text-ink-3">Reading…</p>
          ) : (
            <Changes changes={changes} />
          )}
        </section>
        <section>
          <h2 className="mb-2 text-sm font-semibold">State at version {version}</h2>
          {state.data ? (
            <div className={stale ? "opacity-60" : undefined}>
              <Json
                label={`State at version ${version}`}
                value={state.data}
                marked={new Set(changes?.map((change) => pathText(change.path)))}
              />
            </div>
          ) : (
            <p className="text-sm text-ink-3">Reading…</p>
          )}
        </section>
      </div>
    </div>
  );
}

function Slider({
  version,
  latest,
  following,
  event,
  onChoose,
}: {
  version: number;
  latest: number;
  following: boolean;
  event: TapeEvent | undefined;
  onChoose: (version: number | undefined) => void;
}) {
  const id = useId();
  const step = (by: number) => onChoose(Math.min(latest, Math.max(1, version + by)));
  useShortcuts([
    { keys: "[", label: "One event back", group: "This page", run: () => step(-1) },
    { keys: "]", label: "One event on", group: "This page", run: () => step(1) },
  ]);
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
      <span className="flex gap-1">
        <Button size="icon" disabled={version <= 1} onClick={() => step(-1)}>
          <ChevronLeft aria-hidden="true" />
          <span className="sr-only">One event back</span>
        </Button>
        <Button size="icon" disabled={version >= latest} onClick={() => step(1)}>
          <ChevronRight aria-hidden="true" />
          <span className="sr-only">One event on</span>
        </Button>
      </span>
      <label htmlFor={id} className="sr-only">
        Version
      </label>
      <input
        id={id}
        type="range"
        min={1}
        max={latest}
        value={version}
        data-testid="time-travel"
        aria-valuetext={`Version ${version} of ${latest}, ${event?.type ?? ""}`}
        onChange={(change) => onChoose(Number(change.target.value))}
        className="h-8 min-w-40 grow accent-(--accent)"
      />
      <output className="num text-sm" htmlFor={id}>
        <strong className="font-semibold">{version}</strong> of {latest}
      </output>
      <Button disabled={following} onClick={() => onChoose(undefined)}>
        <ChevronsRight aria-hidden="true" /> Latest
      </Button>
      {event && (
        <p className="w-full min-w-0 truncate text-sm text-ink-2">
          <span className="font-mono text-ink">{event.type}</span> at {stamp(event.time)}
          {summary(event) && <> · {summary(event)}</>}
        </p>
      )}
    </div>
  );
}

const signs = { added: "+", removed: "−", changed: "~" } as const;

function Changes({ changes }: { changes: Change[] }) {
  if (changes.length === 0) {
    return <p className="text-sm text-ink-2">Nothing but the version and the time.</p>;
  }
  return (
    <table
      className="w-full table-fixed border-separate border-spacing-0 text-sm"
      data-testid="diff"
    >
      <thead className="sr-only">
        <tr>
          <th>Change</th>
          <th>Where</th>
          <th>Before and after</th>
        </tr>
      </thead>
      <colgroup>
        <col className="w-6" />
        <col className="w-2/5" />
        <col />
      </colgroup>
      <tbody>
        {changes.map((change) => (
          <tr
            key={pathText(change.path)}
            className="align-top [&>td]:border-t [&>td]:border-line [&>td]:py-1.5"
          >
            <td className="font-mono text-ink-3">
              <span aria-hidden="true">{signs[change.op]}</span>
              <span className="sr-only">{change.op}</span>
            </td>
            <td className="pr-3 font-mono text-xs leading-5 break-words">
              {pathText(change.path)}
            </td>
            <td className="font-mono text-xs leading-5 break-words">
              {change.op !== "added" && (
                <del className="block rounded-xs bg-diff-del px-1 no-underline">
                  {brief(change.before)}
                </del>
              )}
              {change.op !== "removed" && (
                <ins className="block rounded-xs bg-diff-add px-1 no-underline">
                  {brief(change.after)}
                </ins>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function brief(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
