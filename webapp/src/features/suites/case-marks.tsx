import { clsx } from "clsx";
import { BadgeCheck, CircleCheck, CircleDashed, CircleX, FileWarning, Pencil } from "lucide-react";
import type { CaseClass, Standing } from "@/lib/suites-api";
import { classHints, classNames, standingNames } from "./words";

const looks = {
  proposed: { icon: CircleDashed, colour: "var(--state-queued)" },
  edited: { icon: Pencil, colour: "var(--state-running)" },
  accepted: { icon: CircleCheck, colour: "var(--state-succeeded)" },
  rejected: { icon: CircleX, colour: "var(--state-failed)" },
} as const;

/** Icon and word, as for jobs. */
export function StandingMark({ standing, small = false }: { standing: Standing; small?: boolean }) {
  const { icon: Icon, colour } = looks[standing];
  return (
    <span
      className={clsx(
        "inline-flex items-center gap-1.5 font-medium whitespace-nowrap",
        small ? "text-xs" : "text-sm",
      )}
      style={{ color: colour }}
      data-standing={standing}
    >
      <Icon aria-hidden="true" className="size-[1.1em]" /> {standingNames[standing]}
    </span>
  );
}

/** Documents have changed since the case was made of them. */
export function StaleMark() {
  return (
    <span
      title="What it cites has changed"
      className="inline-flex items-center gap-1 text-xs font-medium whitespace-nowrap text-(--state-retrying)"
    >
      <FileWarning aria-hidden="true" className="size-[1.1em]" /> Stale
    </span>
  );
}

/** What stands behind a case. */
export function ClassMark({ proof }: { proof: CaseClass }) {
  return (
    <span
      title={classHints[proof]}
      className={clsx(
        "inline-flex items-center gap-1 rounded-full border px-2 text-xs whitespace-nowrap",
        proof === "manual" ? "border-line-strong text-ink-2" : "border-good text-good",
      )}
    >
      {proof !== "manual" && <BadgeCheck aria-hidden="true" className="size-3" />}
      {classNames[proof]}
    </span>
  );
}

export function Tag({ children }: { children: React.ReactNode }) {
  return (
    <span className="rounded-sm border border-line bg-well px-1.5 text-xs whitespace-nowrap text-ink-2">
      {children}
    </span>
  );
}
