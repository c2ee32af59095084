import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CirclePlay,
  CircleX,
  Database,
  FileText,
  Globe,
  type LucideIcon,
  SquareKanban,
} from "lucide-react";
import type { Source, SourceKind } from "@/lib/knowledge-api";

export const sourceKinds: Record<SourceKind, { name: string; icon: LucideIcon }> = {
  website: { name: "Website", icon: Globe },
  jira: { name: "Jira", icon: SquareKanban },
  documents: { name: "Documents", icon: FileText },
  bucket: { name: "Bucket", icon: Database },
};

type Outcome = NonNullable<Source["run"]>["outcome"];

const outcomes: Record<Outcome, { name: string; icon: LucideIcon; colour: string }> = {
  running: { name: "Running", icon: CirclePlay, colour: "var(--state-running)" },
  complete: { name: "Complete", icon: CircleCheck, colour: "var(--state-succeeded)" },
  partial: { name: "Partial", icon: CircleAlert, colour: "var(--state-retrying)" },
  failed: { name: "Failed", icon: CircleX, colour: "var(--state-failed)" },
};

/** How a run ended: a word, a shape and a colour. */
export function OutcomeMark({ outcome }: { outcome: Outcome | undefined }) {
  const {
    name,
    icon: Icon,
    colour,
  } = outcome
    ? outcomes[outcome]
    : { name: "Never run", icon: CircleDashed, colour: "var(--ink-3)" };
  return (
    <span
      className="inline-flex items-center gap-1.5 font-medium whitespace-nowrap"
      style={{ color: colour }}
      data-outcome={outcome}
    >
      <Icon aria-hidden="true" className="size-[1.1em]" />
      {name}
    </span>
  );
}
