import { getRouteApi, Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { lazy, Suspense, useCallback, useMemo } from "react";
import { Fault } from "@/components/fault";
import { isFinal } from "@/components/status";
import { ArtifactsView } from "@/features/job/artifacts-view";
import { EventsView } from "@/features/job/events-view";
import { JobHead } from "@/features/job/job-head";
import { Overview } from "@/features/job/overview";
import { useJob } from "@/features/job/use-job";
import { type LogPlace, LogView } from "@/features/log/log-view";
import type { ProofPlace } from "@/features/proof/search";
import { StateView } from "@/features/timetravel/state-view";
import { Waterfall } from "@/features/timetravel/waterfall";
import { patient } from "@/lib/patient";
import { proofKind } from "@/lib/proof-fold";
import { useShortcuts } from "@/lib/shortcuts";
import { attemptsOf } from "@/lib/tape";
import { type JobSearch, type JobTab, jobTabs, proofTabs } from "@/router";

const route = getRouteApi("/jobs/$jobId");

// Only the jobs of one kind have a proof, or steps.
const ProofView = lazy(patient(() => import("@/features/proof/proof-view")));
const PipelineView = lazy(patient(() => import("@/features/pipeline/pipeline-view")));

const tabNames: Record<JobTab, string> = {
  proof: "Proof",
  overview: "Overview",
  log: "Log",
  events: "Events",
  state: "State",
  artifacts: "Artefacts",
};

export function JobRoute() {
  const { jobId } = route.useParams();
  return <JobPage key={jobId} jobId={jobId} />;
}

function JobPage({ jobId }: { jobId: string }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { job, events, joinedAttempt, error, retry } = useJob(jobId);
  const attempts = useMemo(() => attemptsOf(events ?? []), [events]);
  const tabs = job?.kind === proofKind ? proofTabs : jobTabs;
  const tab = tabs.find((name) => name === search.tab) ?? tabs[0];

  const change = useCallback(
    (next: JobSearch, replace = true) =>
      void navigate({ search: (old) => ({ ...old, ...next }), replace }),
    [navigate],
  );
  const place = useCallback((next: LogPlace) => change(next), [change]);
  const showIn = useCallback((next: ProofPlace) => change(next), [change]);
  useShortcuts(
    tabs.map((name, i) => ({
      keys: String(i + 1),
      label: tabNames[name],
      group: "This page" as const,
      run: () => change({ tab: name }, false),
    })),
  );

  if (error && !job) return <Fault page error={error} retry={retry} />;
  if (!job || !events || joinedAttempt === undefined) return <JobSkeleton />;

  const chosen = tab === "state" ? (search.v ?? job.version) : search.event;
  return (
    <>
      <JobHead job={job} attempts={attempts} version={tab === "state" ? search.v : undefined} />
      <Waterfall
        attempts={attempts}
        events={events}
        live={!isFinal(job.status)}
        chosen={chosen}
        onEvent={(sequence) =>
          tab === "state"
            ? change({ v: sequence })
            : change({ tab: "events", event: sequence }, false)
        }
      />
      <nav
        aria-label="Parts of the job"
        className="flex shrink-0 gap-1 overflow-x-auto px-4 pt-2 md:px-6"
      >
        {tabs.map((name) => (
          <Link
            key={name}
            from="/jobs/$jobId"
            to="."
            search={(old) => ({ ...old, tab: name === tabs[0] ? undefined : name })}
            aria-current={tab === name ? "page" : undefined}
            className={clsx(
              "border-b-2 px-2.5 py-1.5 text-sm",
              tab === name
                ? "border-accent font-semibold"
                : "border-transparent text-ink-2 hover:text-ink",
            )}
          >
            {tabNames[name]}
          </Link>
        ))}
      </nav>
      {tab === "proof" && (
        <Suspense fallback={<p className="p-6 text-sm text-ink-3">Loading…</p>}>
          <ProofView job={job} place={search} onPlace={showIn} />
        </Suspense>
      )}
      {tab === "overview" && (
        <Overview
          job={job}
          events={events}
          attempts={attempts}
          above={
            job.kind === "pipeline.run" && (
              <Suspense>
                <PipelineView jobId={jobId} />
              </Suspense>
            )
          }
        />
      )}
      {tab === "log" && (
        <LogView
          jobId={jobId}
          attempts={job.attempt}
          attempt={search.attempt ?? job.attempt}
          joinedAttempt={joinedAttempt}
          live={!isFinal(job.status) && (search.attempt ?? job.attempt) === job.attempt}
          atEnd={job.status === "failed" || job.status === "dead"}
          place={search}
          onPlace={place}
        />
      )}
      {tab === "events" && (
        <EventsView events={events} open={search.event} onOpen={(event) => change({ event })} />
      )}
      {tab === "state" && (
        <StateView job={job} events={events} chosen={search.v} onChoose={(v) => change({ v })} />
      )}
      {tab === "artifacts" && <ArtifactsView jobId={jobId} />}
    </>
  );
}

function JobSkeleton() {
  return (
    <div role="status" className="flex flex-col gap-4 px-6 pt-5">
      <span className="sr-only">Loading the job</span>
      <span className="h-3 w-52 rounded-sm bg-well" />
      <span className="h-6 w-80 rounded-sm bg-well" />
      <span className="h-3 w-120 max-w-full rounded-sm bg-well" />
      <span className="mt-4 h-16 rounded-sm bg-well" />
    </div>
  );
}
