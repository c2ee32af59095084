import { getRouteApi, Link } from "@tanstack/react-router";
import { FileX, ListChecks } from "lucide-react";
import { useCallback, useEffect } from "react";
import { Fault, Notice } from "@/components/fault";
import { isFinal } from "@/components/status";
import { buttonClass } from "@/components/ui/button";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { CaseSetView } from "@/features/suites/case-set-view";
import { keys } from "@/features/suites/keys";
import type { CasesSearch } from "@/features/suites/search";
import { useCases, useSuiteJob } from "@/features/suites/use-suites";

const route = getRouteApi("/suites/cases/$setId");

export function CaseSetRoute() {
  const { setId } = route.useParams();
  return <CaseSetPage key={setId} id={setId} />;
}

function CaseSetPage({ id }: { id: string }) {
  const place = route.useSearch();
  const navigate = route.useNavigate();
  useRefreshOnEvents([keys.cases(id)], { jobs: [id] }, 500);
  // What documents say makes cases stale; a newer set takes this one's place.
  useRefreshOnEvents([keys.cases(id)], { kinds: ["knowledge", "testcases.generate"] }, 2000);
  const { data: set, error, refetch } = useCases(id);
  const name = set?.name;
  useEffect(() => {
    document.title = `${name || "Test cases"} · Tapedeck`;
  }, [name]);
  const onPlace = useCallback(
    (next: CasesSearch, replace = true) =>
      void navigate({ search: (old) => ({ ...old, ...next }), replace }),
    [navigate],
  );
  if (error && set === undefined) {
    return <Fault page error={error} retry={() => void refetch()} />;
  }
  if (set === undefined) {
    return (
      <p role="status" className="p-6 text-sm text-ink-3">
        Reading the cases…
      </p>
    );
  }
  return set ? <CaseSetView set={set} place={place} onPlace={onPlace} /> : <NoCases id={id} />;
}

/** The job has not written anything yet, or never will. */
function NoCases({ id }: { id: string }) {
  const { data: job, error, refetch } = useSuiteJob(id);
  if (error && !job) return <Fault page error={error} retry={() => void refetch()} />;
  if (!job) return <p className="p-6 text-sm text-ink-3">Reading…</p>;
  const over = isFinal(job.status);
  return (
    <Notice
      page
      alert={over && job.error !== undefined}
      icon={over ? <FileX /> : <ListChecks />}
      title={over ? "No cases could be made" : "The cases are being made"}
      actions={
        <>
          <Link to="/jobs/$jobId" params={{ jobId: id }} className={buttonClass()}>
            Open the job
          </Link>
          <Link to="/suites" className={buttonClass()}>
            All suites
          </Link>
        </>
      }
    >
      <p className="wrap-anywhere">
        {job.error?.message ??
          (over ? `The job was ${job.status} before.` : "They appear here by themselves.")}
      </p>
    </Notice>
  );
}
