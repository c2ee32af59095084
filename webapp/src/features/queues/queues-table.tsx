import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Pause, Play, Waves } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { keys } from "@/features/live/keys";
import { api, type Queue, unwrap } from "@/lib/api";
import { duration, integer } from "@/lib/time";
import { notify, notifyError } from "@/lib/toast";

type Command = "pause" | "resume" | "drain";

const done: Record<Command, string> = {
  pause: "is paused: running jobs go on, no new ones start",
  resume: "hands out jobs again",
  drain: "is draining: it takes no new jobs and runs what is there",
};

export function QueuesTable({ queues }: { queues: Queue[] }) {
  const client = useQueryClient();
  const [draining, setDraining] = useState<string | null>(null);
  const deepest = Math.max(1, ...queues.map(waiting));
  const command = useMutation({
    mutationFn: ({ queue, name }: { queue: string; name: Command }) =>
      unwrap(api.POST(`/api/queues/{queue}/${name}`, { params: { path: { queue } } })),
    onSuccess: (_queue, { queue, name }) => {
      notify(`${queue} ${done[name]}`);
      setDraining(null);
      void client.invalidateQueries({ queryKey: keys.queues });
    },
    onError: (error, { queue }) => notifyError(`${queue} could not be changed`, error),
  });
  return (
    <div className="scroll-thin relative overflow-x-auto rounded-lg border border-line bg-panel">
      <table className="w-full text-sm" aria-label="Queues">
        <thead>
          <tr className="[&>th]:h-9 [&>th]:px-3 [&>th]:text-left [&>th]:text-xs [&>th]:font-medium [&>th]:whitespace-nowrap [&>th]:text-ink-3">
            <th>Queue</th>
            <th className="w-2/5">Waiting, by priority</th>
            <th className="text-right!">Oldest</th>
            <th className="text-right!">Running</th>
            <th className="text-right!">Workers</th>
            <th>
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr
              key={queue.name}
              data-queue={queue.name}
              className="[&>td]:border-t [&>td]:border-line [&>td]:px-3 [&>td]:py-2 [&>th]:border-t [&>th]:border-line [&>th]:px-3"
            >
              <th scope="row" className="text-left font-medium">
                <Link to="/jobs" search={{ queue: [queue.name] }} className="hover:underline">
                  {queue.name}
                </Link>
                <Condition queue={queue} />
                <span
                  className="block max-w-64 truncate text-xs font-normal text-ink-3"
                  title={queue.kinds.join(", ")}
                >
                  {queue.kinds.join(", ")}
                </span>
              </th>
              <td>
                <Depth queue={queue} deepest={deepest} />
              </td>
              <td className="num text-right whitespace-nowrap">
                {queue.oldestAgeMs === undefined ? "–" : duration(queue.oldestAgeMs)}
              </td>
              <td className="num text-right">{integer(queue.running)}</td>
              <td className="num text-right">
                {queue.workers === 0 && waiting(queue) > 0 ? (
                  <strong className="font-semibold text-danger">none</strong>
                ) : (
                  integer(queue.workers)
                )}
              </td>
              <td>
                <span className="flex justify-end gap-1.5">
                  {queue.paused || queue.draining ? (
                    <Button
                      size="sm"
                      disabled={command.isPending}
                      onClick={() => command.mutate({ queue: queue.name, name: "resume" })}
                    >
                      <Play aria-hidden="true" /> Resume
                      <span className="sr-only">{queue.name}</span>
                    </Button>
                  ) : (
                    <>
                      <Button
                        size="sm"
                        disabled={command.isPending}
                        onClick={() => command.mutate({ queue: queue.name, name: "pause" })}
                      >
                        <Pause aria-hidden="true" /> Pause
                        <span className="sr-only">{queue.name}</span>
                      </Button>
                      <Button
                        size="sm"
                        disabled={command.isPending}
                        onClick={() => setDraining(queue.name)}
                      >
                        <Waves aria-hidden="true" /> Drain…
                        <span className="sr-only">{queue.name}</span>
                      </Button>
                    </>
                  )}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {draining && (
        <Dialog
          open
          onClose={() => setDraining(null)}
          title={`Drain ${draining}?`}
          description="New submissions to this queue are refused until it is resumed. What is there still runs."
        >
          <DialogActions>
            <Button onClick={() => setDraining(null)}>Leave it open</Button>
            <Button
              look="danger"
              disabled={command.isPending}
              onClick={() => command.mutate({ queue: draining, name: "drain" })}
            >
              Drain
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </div>
  );
}

export function waiting({ depth }: Queue): number {
  return depth.high + depth.normal + depth.low;
}

function Condition({ queue }: { queue: Queue }) {
  if (!queue.paused && !queue.draining) return null;
  return (
    <span
      title={queue.reason}
      className="ml-2 inline-flex items-center gap-1 rounded-sm bg-warn/12 px-1.5 text-xs font-medium text-warn"
    >
      {queue.paused ? (
        <Pause className="size-3" aria-hidden="true" />
      ) : (
        <Waves className="size-3" aria-hidden="true" />
      )}
      {queue.paused ? "paused" : "draining"}
      {queue.reason && <span className="max-w-40 truncate font-normal">: {queue.reason}</span>}
    </span>
  );
}

const priorities = [
  { name: "high", look: "bg-(--state-retrying)" },
  { name: "normal", look: "bg-(--state-running)" },
  { name: "low", look: "bg-(--state-queued)/50" },
] as const;

/** The three priorities as one bar on the scale of the deepest queue, and in figures. */
function Depth({ queue, deepest }: { queue: Queue; deepest: number }) {
  return (
    <div className="flex min-w-48 flex-col gap-1">
      <span aria-hidden="true" className="flex h-2 overflow-hidden rounded-xs bg-well">
        {priorities.map(({ name, look }) => (
          <span
            key={name}
            className={look}
            style={{ width: `${(queue.depth[name] / deepest) * 100}%` }}
          />
        ))}
      </span>
      <span className="num flex gap-3 text-xs text-ink-2">
        {priorities.map(({ name, look }) => (
          <span key={name} className="inline-flex items-center gap-1">
            <span aria-hidden="true" className={`size-2 rounded-xs ${look}`} />
            {integer(queue.depth[name])} {name}
          </span>
        ))}
      </span>
    </div>
  );
}
