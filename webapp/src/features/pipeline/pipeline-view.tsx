import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { clsx } from "clsx";
import { RotateCw } from "lucide-react";
import { Fault } from "@/components/fault";
import { isFinal, StatusMark, statusLooks } from "@/components/status";
import { useClock } from "@/components/time";
import { Button } from "@/components/ui/button";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { api, type Status, unwrap } from "@/lib/api";
import { useIdempotencyKey } from "@/lib/idempotency";
import { duration } from "@/lib/time";
import { notifyError } from "@/lib/toast";
import {
  axisOf,
  barsOf,
  type Pipeline,
  type PipelineStep,
  repeatable,
  type StepName,
} from "./axis";
import { Outcome } from "./outcome";

const names: Record<StepName, string> = {
  record: "Record",
  ingest: "Read documents",
  cases: "Test cases",
  generate: "Write the test",
  verify: "Prove it",
};

/** A pipeline's steps on one time axis, as they run, and what came of it. */
export default function PipelineView({ jobId }: { jobId: string }) {
  const key = ["pipeline", jobId];
  useRefreshOnEvents([key], { jobs: [jobId] }, 500);
  useRefreshOnEvents([key], { parents: [jobId] }, 500);
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/pipelines/{jobId}", { params: { path: { jobId } }, signal })),
  });
  if (query.isError && !query.data) {
    return <Fault error={query.error} retry={() => void query.refetch()} />;
  }
  if (!query.data) return <p className="pb-4 text-sm text-ink-3">Reading the steps…</p>;
  return <Steps pipeline={query.data} />;
}

function Steps({ pipeline }: { pipeline: Pipeline }) {
  const now = useClock();
  const axis = axisOf(pipeline, now);
  const over = isFinal(pipeline.status as Status);
  const from = over ? repeatable(pipeline) : [];
  const again = useAgain(pipeline.jobId);
  return (
    <section aria-label="Steps" className="mb-8">
      <h2 className="mb-2 text-sm font-semibold">Steps</h2>
      <table className="w-full text-sm">
        <caption className="sr-only">
          Steps of the pipeline with their state, and when they ran within{" "}
          {duration(axis.to - axis.from)}
        </caption>
        <tbody className="max-sm:[&>tr]:grid max-sm:[&>tr]:grid-cols-[1fr_auto] max-sm:[&>tr]:gap-x-3 max-sm:[&>tr]:py-2">
          {pipeline.steps.map((step) => (
            <tr key={step.step} className="border-b border-line last:border-0">
              <th scope="row" className="py-1.5 pr-3 text-left font-medium whitespace-nowrap">
                <StepLink step={step} />
              </th>
              <td className="py-1.5 pr-3 whitespace-nowrap max-sm:pr-0 max-sm:text-right">
                <State status={step.status} />
              </td>
              <td className="w-full max-sm:col-span-2">
                <Bars step={step} axis={axis} />
                {step.error && (
                  <p className="py-1 text-xs wrap-anywhere text-danger">{step.error.message}</p>
                )}
              </td>
              <td className="num pl-3 text-right whitespace-nowrap text-ink-2 max-sm:py-1 max-sm:pl-0 max-sm:text-left">
                {took(step, axis)}
              </td>
              <td className="pl-2 text-right max-sm:pl-0">
                {from.includes(step.step) && (
                  <Button
                    look="quiet"
                    size="sm"
                    disabled={again.isPending}
                    onClick={() => again.mutate(step.step)}
                    title="A new pipeline that takes the steps before this one as they are"
                  >
                    <RotateCw aria-hidden="true" /> Again from here
                    <span className="sr-only">: {names[step.step]}</span>
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Outcome pipeline={pipeline} />
    </section>
  );
}

/** Begins a new pipeline at a step, and goes there. */
function useAgain(jobId: string) {
  const navigate = useNavigate();
  const key = useIdempotencyKey();
  return useMutation({
    mutationFn: (from: StepName) =>
      unwrap(
        api.POST("/api/pipelines/{jobId}/retry", {
          params: { path: { jobId }, header: { "Idempotency-Key": key({ jobId, from }) } },
          body: { from },
        }),
      ),
    onSuccess: (made) => void navigate({ to: "/jobs/$jobId", params: { jobId: made.jobId } }),
    onError: (error) => notifyError("It was not begun again", error),
  });
}

function StepLink({ step }: { step: PipelineStep }) {
  const name = names[step.step];
  if (!step.jobId) return name;
  const look = "underline decoration-line-strong underline-offset-3 hover:decoration-ink";
  return step.status === "given" ? (
    <Link to="/recordings/$recordingId" params={{ recordingId: step.jobId }} className={look}>
      {name}
    </Link>
  ) : (
    <Link to="/jobs/$jobId" params={{ jobId: step.jobId }} className={look}>
      {name}
    </Link>
  );
}

const words: Record<string, string> = {
  pending: "Not begun",
  given: "Given",
  left_out: "Not asked for",
};

function State({ status }: { status: string }) {
  const word = words[status];
  if (word) return <span className="text-ink-3">{word}</span>;
  return <StatusMark status={status as Status} />;
}

function Bars({ step, axis }: { step: PipelineStep; axis: { from: number; to: number } }) {
  const { waited, ran } = barsOf(step, axis);
  if (step.takenFrom) {
    return (
      <span className="text-xs text-ink-3">
        Done by{" "}
        <Link to="/jobs/$jobId" params={{ jobId: step.takenFrom }} className="underline">
          the pipeline before
        </Link>
      </span>
    );
  }
  const look = statusLooks[step.status as Status];
  return (
    <span aria-hidden="true" className="relative block h-4 rounded-xs bg-well">
      {waited && waited.width > 0 && (
        <Stretch {...waited} className="border border-dashed border-line-strong" />
      )}
      {ran && look && <Stretch {...ran} colour={look.colour} />}
    </span>
  );
}

function Stretch({
  left,
  width,
  colour,
  className,
}: {
  left: number;
  width: number;
  colour?: string;
  className?: string;
}) {
  return (
    <span
      className={clsx("absolute inset-y-0 min-w-0.5 rounded-xs", className)}
      style={{ left: `${left}%`, width: `${width}%`, backgroundColor: colour }}
    />
  );
}

function took(step: PipelineStep, axis: { from: number; to: number }): string {
  const ms = barsOf(step, axis).took;
  return ms === undefined ? "" : duration(ms);
}
