import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { Fault } from "@/components/fault";
import { SuiteView } from "@/features/suites/suite-view";
import { inputOf, useRecordingName, useSuiteJob } from "@/features/suites/use-suites";

const route = getRouteApi("/suites/$suiteId");

export function SuiteRoute() {
  const { suiteId } = route.useParams();
  return <SuitePage key={suiteId} id={suiteId} />;
}

function SuitePage({ id }: { id: string }) {
  const { data: job, error, refetch } = useSuiteJob(id);
  const name = useRecordingName(job && inputOf(job).recordingId, job?.project);
  useEffect(() => {
    document.title = `${name || "Tests"} · Tapedeck`;
  }, [name]);
  if (error && !job) return <Fault page error={error} retry={() => void refetch()} />;
  if (!job) {
    return (
      <p role="status" className="p-6 text-sm text-ink-3">
        Reading the suite…
      </p>
    );
  }
  return <SuiteView job={job} />;
}
