import { clsx } from "clsx";
import { type Requirement, requirementNames } from "@/lib/requirement";

/** What a passage demands. */
export function RequirementMark({ type, className }: { type: Requirement; className?: string }) {
  return (
    <span
      className={clsx(
        "rounded-sm border border-line-strong px-1 text-2xs font-semibold text-ink-2 uppercase",
        className,
      )}
    >
      {requirementNames[type]}
    </span>
  );
}
