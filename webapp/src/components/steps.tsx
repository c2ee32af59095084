import { clsx } from "clsx";
import {
  AppWindow,
  ArrowDownToLine,
  CheckSquare,
  CircleCheck,
  CircleCheckBig,
  CircleDot,
  CircleSlash,
  CircleX,
  Globe,
  Hourglass,
  Keyboard,
  ListChecks,
  type LucideIcon,
  MessageSquare,
  MousePointer2,
  MousePointerClick,
  Move,
  MoveVertical,
  Paperclip,
  Proportions,
  Square,
  TextCursorInput,
  X,
} from "lucide-react";
import type { Action, RecordingStatus, Step, Value } from "@/lib/recording";
import { valueText } from "@/lib/steps";

const icons: Record<Action, LucideIcon> = {
  navigate: Globe,
  click: MousePointerClick,
  fill: TextCursorInput,
  press: Keyboard,
  check: CheckSquare,
  uncheck: Square,
  select: ListChecks,
  upload: Paperclip,
  hover: MousePointer2,
  drag: Move,
  scroll: MoveVertical,
  dialog: MessageSquare,
  download: ArrowDownToLine,
  openPage: AppWindow,
  closePage: X,
  assert: CircleCheckBig,
  setViewport: Proportions,
  wait: Hourglass,
};

/** The action's sign; what it means stands beside it in the step's title. */
export function ActionIcon({ type, className }: { type: Action; className?: string }) {
  const Icon = icons[type] ?? MousePointerClick;
  return (
    <Icon
      aria-hidden="true"
      className={clsx("size-4 shrink-0", type === "assert" ? "text-good" : "text-ink-3", className)}
    />
  );
}

/** What marks a step among others: its tab, a secret or variable value, being passed over. */
export function StepMarks({ step }: { step: Step }) {
  const values = [step.value, ...(step.values ?? [])].filter((v): v is Value => v !== undefined);
  const special = values.filter((value) => value.secret || value.variable);
  return (
    <>
      {step.page && step.page !== "page" && <Mark>{step.page.replace("page", "tab ")}</Mark>}
      {special.map((value) => (
        <Mark key={valueText(value)}>{valueText(value)}</Mark>
      ))}
      {step.assertion?.suggested && <Mark>suggested</Mark>}
      {step.disabled && <Mark>disabled</Mark>}
      {step.by === "script" && <Mark>script</Mark>}
    </>
  );
}

function Mark({ children }: { children: React.ReactNode }) {
  return (
    <span className="shrink-0 rounded-sm border border-line bg-well px-1 text-2xs text-ink-2">
      {children}
    </span>
  );
}

const looks: Record<RecordingStatus, { label: string; icon: LucideIcon; colour: string }> = {
  recording: { label: "Recording", icon: CircleDot, colour: "var(--state-failed)" },
  complete: { label: "Complete", icon: CircleCheck, colour: "var(--state-succeeded)" },
  cancelled: { label: "Cancelled", icon: CircleSlash, colour: "var(--state-cancelled)" },
  failed: { label: "Failed", icon: CircleX, colour: "var(--state-failed)" },
};

export const recordingStatusNames = (status: RecordingStatus) => looks[status]?.label ?? status;

/** Icon and word, as for jobs. */
export function RecordingMark({
  status,
  className,
}: {
  status: RecordingStatus;
  className?: string;
}) {
  const { label, icon: Icon, colour } = looks[status] ?? looks.failed;
  return (
    <span
      className={clsx("inline-flex items-center gap-1.5 font-medium whitespace-nowrap", className)}
      style={{ color: colour }}
      data-status={status}
    >
      <Icon aria-hidden="true" className="size-[1.1em]" />
      {label}
    </span>
  );
}
