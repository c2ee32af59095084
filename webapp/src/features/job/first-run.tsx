import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { patient } from "@/lib/patient";
import { infoQuery } from "@/lib/queries";
import { recall, remember } from "@/lib/storage";

const dismissed = "first-run.dismissed";
const Card = lazy(
  patient(async () => ({ default: (await import("./first-run-card")).FirstRunCard })),
);

/** What the pipeline does on the demo shop, live, and then the way to a flow of one's own. */
export function FirstRun() {
  const demo = useQuery(infoQuery).data?.demo;
  const [hidden, hide] = useState(() => recall(dismissed) === "1");
  if (!demo?.pipelineId || hidden) return null;
  return (
    <Suspense>
      <Card
        jobId={demo.pipelineId}
        shop={demo.url}
        hide={() => {
          remember(dismissed, "1");
          hide(true);
        }}
      />
    </Suspense>
  );
}
