import { clsx } from "clsx";
import {
  CircleCheck,
  CircleDashed,
  CirclePlay,
  CircleSlash,
  CircleStop,
  CircleX,
  Clock,
  Hourglass,
  type LucideIcon,
  RotateCw,
  Skull,
} from "lucide-react";
import type { Status } from "@/lib/api";

/** Each status has a word, a shape and a colour: none of them has to be told apart by hue alone. */
export const statusLooks: Record<Status, { label: string; icon: LucideIcon; colour: string }> = {
  waiting: { label: "Waiting", icon: Hourglass, colour: "var(--state-waiting)" },
  delayed: { label: "Delayed", icon: Clock, colour: "var(--state-delayed)" },
  queued: { label: "Queued", icon: CircleDashed, colour: "var(--state-queued)" },
  running: { label: "Running", icon: CirclePlay, colour: "var(--state-running)" },
  stopping: { label: "Stopping", icon: CircleStop, colour: "var(--state-stopping)" },
  retrying: { label: "Retrying", icon: RotateCw, colour: "var(--state-retrying)" },
  succeeded: { label: "Succeeded", icon: CircleCheck, colour: "var(--state-succeeded)" },
  failed: { label: "Failed", icon: CircleX, colour: "var(--state-failed)" },
  cancelled: { label: "Cancelled", icon: CircleSlash, colour: "var(--state-cancelled)" },
  dead: { label: "Dead", icon: Skull, colour: "var(--state-dead)" },
};

export function isFinal(status: Status): boolean {
  return ["succeeded", "failed", "cancelled", "dead"].includes(status);
}

export function isActive(status: Status): boolean {
  return status === "running" || status === "stopping";
}

/** Icon and word. Nothing moves here: a list of a thousand running jobs has to stay calm. */
export function StatusMark({ status, className }: { status: Status; className?: string }) {
  const { label, icon: Icon, colour } = statusLooks[status];
  return (
    <span
      className={clsx(
        "inline-flex items-center gap-1.5 align-middle font-medium whitespace-nowrap",
        className,
      )}
      style={{ color: colour }}
      data-status={status}
    >
      <Icon aria-hidden="true" className="size-[1.1em]" />
      <span>{label}</span>
    </span>
  );
}

/** How far an attempt is, as a bar with its figure for screen readers. Unknown is a moving bar. */
export function ProgressBar({ percent = -1, label }: { percent?: number; label: string }) {
  const known = percent >= 0;
  return (
    <span
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(percent) : undefined}
      className="block h-0.5 w-full overflow-hidden rounded-full bg-line"
    >
      <span
        className={clsx(
          "block h-full origin-left rounded-full bg-(--state-running) transition-transform duration-200",
          !known && "animate-[breathe_1.6s_ease-in-out_infinite]",
        )}
        style={{ transform: `scaleX(${known ? Math.min(100, percent) / 100 : 1})` }}
      />
    </span>
  );
}
