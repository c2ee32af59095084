import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { Fault } from "@/components/fault";
import { useRecording } from "@/features/live/use-recording";
import { NoSession } from "@/features/recorder/before-after";
import { SessionView } from "@/features/recorder/session-view";

const route = getRouteApi("/record/$sessionId");

export function SessionRoute() {
  const { sessionId } = route.useParams();
  return <SessionPage key={sessionId} id={sessionId} />;
}

function SessionPage({ id }: { id: string }) {
  const { job, recording, error, retry } = useRecording(id);
  const name = recording?.name ?? "Recording";
  useEffect(() => {
    document.title = `${name} · Record · Tapedeck`;
  }, [name]);
  if (error && !job) return <Fault page error={error} retry={retry} />;
  if (job === null) return <NoSession />;
  if (!job || recording === undefined) {
    return (
      <p role="status" className="p-6 text-sm text-ink-3">
        Reading the session…
      </p>
    );
  }
  return <SessionView job={job} recording={recording} />;
}
