import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { X } from "lucide-react";
import { Meter } from "@/components/meter";
import { isFinal } from "@/components/status";
import { Button, buttonClass } from "@/components/ui/button";
import { useJob } from "./use-job";

/** The pipeline on the demo shop as it runs, and what came of it. */
export function FirstRunCard({
  jobId,
  shop,
  hide,
}: {
  jobId: string;
  shop: string;
  hide: () => void;
}) {
  const { job } = useJob(jobId);
  if (!job) return null;
  const over = isFinal(job.status);
  const outcome = (job.result as { outcome?: string } | undefined)?.outcome;
  return (
    <section
      aria-label="First run"
      className="mx-4 mb-3 flex flex-wrap items-center gap-x-4 gap-y-2 rounded-md border border-line bg-panel px-4 py-3 text-sm md:mx-6"
    >
      <div className="min-w-0 grow basis-64">
        <h2 className="font-semibold">{over ? titleOf(outcome) : "Watch a test come about"}</h2>
        <p className={clsx("text-ink-2", !over && "truncate")}>
          {over
            ? "Now record a flow of your own: in the demo shop, or on any site."
            : (job.progress?.message ?? "A flow of the demo shop is recorded, and becomes a test.")}
        </p>
        {!over && <Meter part={Math.max(0, job.progress?.percent ?? 0)} whole={100} />}
      </div>
      <Link to="/jobs/$jobId" params={{ jobId }} className={buttonClass()}>
        {over ? "See how" : "Watch it"}
      </Link>
      {over && (
        <Link to="/record" search={{ url: shop }} className={buttonClass("primary")}>
          Record a flow
        </Link>
      )}
      <Button look="quiet" size="icon" aria-label="Hide this" onClick={hide}>
        <X />
      </Button>
    </section>
  );
}

function titleOf(outcome: string | undefined): string {
  if (outcome === "proven") return "The demo shop has a proven test";
  return outcome ? `The demo shop's test is ${outcome}` : "The first run did not come to its end";
}
