import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { Library, RotateCw, Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Ago } from "@/components/time";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { knowledge, type Source } from "@/lib/knowledge-api";
import { patient } from "@/lib/patient";
import { keys } from "./keys";
import { OutcomeMark, sourceKinds } from "./marks";
import { useKnowledgeAction } from "./use-knowledge";

const SourceCoverage = lazy(
  patient(() => import("./coverage").then((it) => ({ default: it.SourceCoverage }))),
);

/** The sources as a list of links beside what they hold. */
export function SourceNav({
  sources,
  current,
}: {
  sources: Source[];
  current: string | undefined;
}) {
  const all = sources.reduce((sum, { documents }) => sum + documents, 0);
  return (
    <nav
      aria-label="Sources"
      className="scroll-thin w-60 shrink-0 overflow-y-auto border-r border-line px-3 py-3 max-lg:hidden"
    >
      <ul className="flex flex-col gap-0.5">
        <li>
          <SourceLink label="All sources" icon={Library} on={!current} count={all} />
        </li>
        {sources.map((source) => (
          <li key={source.sourceId}>
            <SourceLink
              label={source.name}
              icon={sourceKinds[source.kind].icon}
              to={source.sourceId}
              on={current === source.sourceId}
              count={source.documents}
              running={source.run?.outcome === "running"}
            />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function SourceLink({
  label,
  icon: Icon,
  to,
  on,
  count,
  running = false,
}: {
  label: string;
  icon: typeof Library;
  to?: string;
  on: boolean;
  count: number;
  running?: boolean;
}) {
  return (
    <Link
      from="/knowledge"
      to="."
      search={(old) => ({ ...old, source: to })}
      aria-current={on ? "page" : undefined}
      title={label}
      className={clsx(
        "flex h-7 items-center gap-2 rounded-md px-2 text-sm",
        on ? "bg-well font-semibold" : "text-ink-2 hover:bg-well hover:text-ink",
      )}
    >
      <Icon className="size-4 shrink-0 text-ink-3" aria-hidden="true" />
      <span className="min-w-0 grow truncate">{label.replace(/^https?:\/\//, "")}</span>
      {running && (
        <span className="size-2 shrink-0 rounded-full bg-(--state-running)">
          <span className="sr-only">is being read</span>
        </span>
      )}
      <span className="num text-xs font-normal text-ink-3">{count}</span>
    </Link>
  );
}

/** What one source is, how its newest run went, and what can be done with it. */
export function SourceHead({ source, onGone }: { source: Source; onGone: () => void }) {
  const [asking, setAsking] = useState(false);
  const act = useKnowledgeAction();
  const { run, nextRun } = source;
  const running = run?.outcome === "running";
  return (
    <section
      aria-label={`Source ${source.name}`}
      className="flex flex-col gap-2 rounded-lg border border-line bg-panel p-3"
    >
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h2 className="min-w-0 font-semibold break-words">{source.name}</h2>
        <span className="text-sm text-ink-3">{sourceKinds[source.kind].name}</span>
        <span className="ml-auto flex gap-2">
          {source.kind !== "documents" && (
            <Button
              size="sm"
              disabled={running}
              onClick={() =>
                void act(
                  () => knowledge.again(source),
                  "What changed is being read",
                  "It was not begun",
                )
              }
            >
              <RotateCw aria-hidden="true" /> Read again
            </Button>
          )}
          <Button size="sm" disabled={running} onClick={() => setAsking(true)}>
            <Trash2 aria-hidden="true" /> Remove
          </Button>
        </span>
      </div>
      {run && (
        <p className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm text-ink-2">
          <OutcomeMark outcome={run.outcome} />
          <Counts counts={run.counts} />
          <Ago time={run.finishedAt ?? run.startedAt} />
          <Link
            to="/jobs/$jobId"
            params={{ jobId: run.jobId }}
            className="underline underline-offset-2"
          >
            Its job
          </Link>
        </p>
      )}
      {nextRun && (
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-ink-2">
          <span>
            Read again <Ago time={nextRun.at} />
          </span>
          <Button
            size="sm"
            look="plain"
            onClick={() =>
              void act(
                () => knowledge.stopRepeating(nextRun.jobId),
                "It is read when asked only",
                "It is still read again",
              )
            }
          >
            Stop that
          </Button>
        </p>
      )}
      {run?.reason && <p className="text-sm text-ink-2">{run.reason}</p>}
      <Suspense>
        <SourceCoverage key={source.sourceId} sourceId={source.sourceId} />
      </Suspense>
      <Faults source={source} />
      <Dialog
        open={asking}
        onClose={() => setAsking(false)}
        title={`Remove ${source.documents} ${source.documents === 1 ? "document" : "documents"}?`}
        description={`Nothing of “${source.name}” is found any more. Reading it again brings back what is still there; the tape keeps what was known.`}
      >
        <DialogActions>
          <Button onClick={() => setAsking(false)}>Keep them</Button>
          <Button
            look="danger"
            onClick={async () => {
              setAsking(false);
              const gone = await act(
                () => knowledge.removeSource(source.sourceId),
                "The source was removed",
                "Nothing was removed",
              );
              if (gone) onGone();
            }}
          >
            Remove the source
          </Button>
        </DialogActions>
      </Dialog>
    </section>
  );
}

function Counts({ counts }: { counts: NonNullable<Source["run"]>["counts"] }) {
  const shown = (["found", "stored", "unchanged", "skipped", "failed", "removed"] as const).filter(
    (name) => counts[name] > 0 || name === "found",
  );
  return (
    <span className="flex flex-wrap gap-x-3">
      {shown.map((name) => (
        <span key={name} className={name === "failed" ? "text-danger" : undefined}>
          <span className="num font-medium">{counts[name].toLocaleString()}</span> {name}
        </span>
      ))}
    </span>
  );
}

function Faults({ source: { sourceId } }: { source: Source }) {
  const { data } = useQuery({
    queryKey: keys.source(sourceId),
    queryFn: ({ signal }) => knowledge.source(sourceId, signal),
  });
  const faults = data?.faults ?? [];
  if (faults.length === 0) return null;
  return (
    <details className="text-sm">
      <summary className="cursor-pointer text-ink-2">
        What was left out or failed ({faults.length})
      </summary>
      <ul className="scroll-thin mt-1 flex max-h-60 flex-col gap-1 overflow-y-auto">
        {faults.map((fault) => (
          <li key={fault.key + fault.code} className="break-words">
            <span className={clsx("text-xs", !fault.skipped && "font-medium text-danger")}>
              {fault.skipped ? "Left out" : "Failed"}
            </span>{" "}
            <span className="font-mono text-xs text-ink-2">{fault.key}</span> {fault.message}
          </li>
        ))}
      </ul>
    </details>
  );
}
