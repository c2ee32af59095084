import { Link } from "@tanstack/react-router";
import { Heart, HeartOff, Waves } from "lucide-react";
import { Meter } from "@/components/meter";
import { Ago, Took } from "@/components/time";
import type { Worker } from "@/lib/api";
import { shortId } from "@/lib/id";
import { integer } from "@/lib/time";

const conditions = {
  active: { word: "alive", icon: Heart, look: "text-good" },
  draining: { word: "draining", icon: Waves, look: "text-warn" },
  lost: { word: "lost", icon: HeartOff, look: "text-danger" },
} as const;

export function WorkersTable({ workers }: { workers: Worker[] }) {
  return (
    <div className="scroll-thin relative overflow-x-auto rounded-lg border border-line bg-panel">
      <table className="w-full text-sm" aria-label="Workers">
        <thead>
          <tr className="[&>th]:h-9 [&>th]:px-3 [&>th]:text-left [&>th]:text-xs [&>th]:font-medium [&>th]:whitespace-nowrap [&>th]:text-ink-3">
            <th>Worker</th>
            <th>Heartbeat</th>
            <th>Load</th>
            <th className="w-2/5">Running now</th>
            <th className="text-right!">Up for</th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr
              key={worker.id}
              className="align-top [&>td]:border-t [&>td]:border-line [&>td]:px-3 [&>td]:py-2 [&>th]:border-t [&>th]:border-line [&>th]:px-3 [&>th]:py-2"
            >
              <th scope="row" className="text-left font-medium">
                {worker.name}
                <span className="block text-xs font-normal text-ink-3">
                  {worker.host}, pid {worker.pid}
                </span>
                <span
                  className="block max-w-64 truncate text-xs font-normal text-ink-3"
                  title={worker.queues.join(", ")}
                >
                  {worker.queues.join(", ")}
                </span>
              </th>
              <td className="whitespace-nowrap">
                <Condition worker={worker} />
                <span className="block text-xs text-ink-3">
                  <Ago time={worker.heartbeatAt} />
                </span>
              </td>
              <td className="w-32">
                <span className="num text-xs text-ink-2">
                  {integer(worker.running.length)} of {integer(worker.concurrency)}
                </span>
                <Meter part={worker.running.length} whole={worker.concurrency} />
              </td>
              <td>
                <RunningJobs worker={worker} />
              </td>
              <td className="text-right text-ink-2">
                <Took from={worker.startedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Condition({ worker }: { worker: Worker }) {
  const { word, icon: Icon, look } = conditions[worker.status];
  return (
    <span className={`inline-flex items-center gap-1.5 font-medium ${look}`}>
      <Icon className="size-4" aria-hidden="true" /> {word}
    </span>
  );
}

function RunningJobs({ worker }: { worker: Worker }) {
  if (worker.running.length === 0) return <span className="text-ink-3">idle</span>;
  return (
    <ul className="flex flex-col gap-0.5">
      {worker.running.slice(0, 6).map((job) => (
        <li key={job.jobId} className="flex items-baseline gap-2">
          <Link
            to="/jobs/$jobId"
            params={{ jobId: job.jobId }}
            className="truncate underline decoration-line-strong underline-offset-3 hover:decoration-ink"
          >
            {job.kind}
          </Link>
          <span className="font-mono text-xs text-ink-3">{shortId(job.jobId)}</span>
          <span className="ml-auto text-xs text-ink-2">
            <Took from={job.startedAt} />
          </span>
        </li>
      ))}
      {worker.running.length > 6 && (
        <li className="num text-xs text-ink-3">and {worker.running.length - 6} more</li>
      )}
    </ul>
  );
}
