import { clsx } from "clsx";
import {
  BellOff,
  BellRing,
  Bug,
  Check,
  ChevronsRight,
  Crosshair,
  Dot,
  Flame,
  Footprints,
  Hourglass,
  type LucideIcon,
  Minus,
  Unplug,
  X,
} from "lucide-react";
import type { Proof } from "@/lib/proof-api";
import type { CellState } from "./matrix";

interface Look {
  label: string;
  /** What it means, for the legend. */
  hint: string;
  icon: LucideIcon | null;
  colour: string;
}

const [good, bad, odd, quiet] = [
  "var(--state-succeeded)",
  "var(--state-failed)",
  "var(--state-stopping)",
  "var(--ink-3)",
];

/** Each state has a word, a shape and a colour: none of them has to be told apart by hue alone. */
export const looks: Record<CellState, Look> = {
  passed: { label: "Passed", hint: "The test held", icon: Check, colour: good },
  failed: { label: "Failed", hint: "The test did not hold", icon: X, colour: bad },
  skipped: {
    label: "Skipped",
    hint: "A skipped test proves nothing",
    icon: ChevronsRight,
    colour: odd,
  },
  broken: {
    label: "Broken",
    hint: "It could not be run; the test is not to blame",
    icon: Unplug,
    colour: odd,
  },
  killed: {
    label: "Killed",
    hint: "An assertion noticed the fault",
    icon: Crosshair,
    colour: good,
  },
  survived: {
    label: "Survived",
    hint: "The fault could be seen and the test passed",
    icon: Bug,
    colour: bad,
  },
  stumbled: {
    label: "Stumbled",
    hint: "An action could not be done: no assertion noticed it",
    icon: Footprints,
    colour: odd,
  },
  crashed: {
    label: "Crashed",
    hint: "The page or the test broke: no assertion noticed it",
    icon: Flame,
    colour: odd,
  },
  no_effect: {
    label: "No effect",
    hint: "Nothing that can be seen differed, or it was not reached",
    icon: Minus,
    colour: quiet,
  },
  timed_out: {
    label: "Timed out",
    hint: "It was given up: it counts for nothing",
    icon: Hourglass,
    colour: odd,
  },
  calm: {
    label: "Let pass",
    hint: "A harmless change, and the test did not mind",
    icon: BellOff,
    colour: good,
  },
  alarm: {
    label: "False alarm",
    hint: "A harmless change, and the test minded",
    icon: BellRing,
    colour: bad,
  },
  pending: { label: "To come", hint: "Not run yet", icon: Dot, colour: quiet },
  unmade: { label: "Not run", hint: "It was not run", icon: null, colour: quiet },
  none: { label: "Not its fault", hint: "Of another recording", icon: null, colour: quiet },
};

/** Icon and word. */
export function StateMark({ state, className }: { state: CellState; className?: string }) {
  const { label, icon: Icon, colour } = looks[state];
  return (
    <span
      className={clsx("inline-flex items-center gap-1.5 font-medium whitespace-nowrap", className)}
      style={{ color: colour }}
    >
      {Icon && <Icon aria-hidden="true" className="size-[1.1em]" />}
      {label}
    </span>
  );
}

const statusLooks: Record<Proof["status"], { label: string; colour: string }> = {
  running: { label: "Being proven", colour: "var(--state-running)" },
  proven: { label: "Proven", colour: good },
  failed: { label: "Not proven", colour: bad },
  stopped: { label: "Stopped", colour: odd },
  broken: { label: "Broken", colour: bad },
};

export function ProofStatus({ status }: { status: Proof["status"] }) {
  const { label, colour } = statusLooks[status];
  return (
    <span className="font-semibold" style={{ color: colour }}>
      {label}
    </span>
  );
}
