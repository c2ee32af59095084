import { clsx } from "clsx";
import { ArrowDown, Trash2 } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { ActionIcon, StepMarks } from "@/components/steps";
import { Button } from "@/components/ui/button";
import type { Step } from "@/lib/recording";
import { locatorText, titleOf } from "@/lib/steps";
import { duration } from "@/lib/time";

/** A step counts as at the end when so little is hidden below it. */
const NEAR_END_PX = 40;

/** The steps as they happen. It stays at the end until somebody scrolls up. */
export function StepFeed({ steps, onRemove }: { steps: Step[]; onRemove?: (step: Step) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const known = useRef(new Set(steps.map((step) => step.id)));
  const last = steps.at(-1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new or grown last step moves the end
  useLayoutEffect(() => {
    if (following) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [following, last, steps.length]);
  useEffect(() => {
    for (const step of steps) known.current.add(step.id);
  }, [steps]);

  if (steps.length === 0) {
    return (
      <p className="grow p-4 text-sm text-ink-2">
        Nothing yet. What is done on the page appears here, step by step.
      </p>
    );
  }
  return (
    <div className="relative flex min-h-0 grow flex-col">
      <div
        ref={box}
        className="scroll-thin min-h-0 grow overflow-y-auto"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setFollowing(scrollHeight - scrollTop - clientHeight < NEAR_END_PX)
        }
      >
        <ol aria-label="Steps" className="flex flex-col py-1">
          {steps.map((step, i) => (
            <StepLine
              key={step.id}
              step={step}
              number={i + 1}
              fresh={!known.current.has(step.id)}
              onRemove={onRemove}
            />
          ))}
        </ol>
      </div>
      {!following && (
        <Button
          look="primary"
          size="sm"
          className="absolute bottom-2 left-1/2 -translate-x-1/2 rounded-full! shadow-pop"
          onClick={() => setFollowing(true)}
        >
          <ArrowDown aria-hidden="true" /> Newest step
        </Button>
      )}
    </div>
  );
}

function StepLine({
  step,
  number,
  fresh,
  onRemove,
}: {
  step: Step;
  number: number;
  fresh: boolean;
  onRemove?: (step: Step) => void;
}) {
  const locator = locatorText(step.target);
  return (
    <li
      data-step={step.id}
      className={clsx(
        "group flex items-start gap-2 border-b border-line px-3 py-2 last:border-0",
        fresh && "animate-[rise_180ms_ease-out]",
      )}
    >
      <span className="num w-5 shrink-0 pt-px text-right text-xs text-ink-3">{number}</span>
      <ActionIcon type={step.type} className="mt-0.5" />
      <div className="min-w-0 grow">
        <p className="flex flex-wrap items-center gap-x-1.5 gap-y-0.5 text-sm">
          <span className={clsx("min-w-0 break-words", step.disabled && "line-through")}>
            {titleOf(step)}
          </span>
          <StepMarks step={step} />
        </p>
        {locator && <p className="truncate font-mono text-2xs text-ink-3">{locator}</p>}
      </div>
      {step.evidence && (
        <span className="num shrink-0 pt-0.5 text-2xs text-ink-3">
          {duration(step.evidence.offsetMs)}
        </span>
      )}
      {onRemove && (
        <button
          type="button"
          aria-label={`Remove step ${number}`}
          title="Remove this step"
          onClick={() => onRemove(step)}
          className="shrink-0 rounded-sm p-0.5 text-ink-3 opacity-0 group-hover:opacity-100 hover:bg-well hover:text-ink focus-visible:opacity-100 max-md:opacity-100"
        >
          <Trash2 className="size-3.5" aria-hidden="true" />
        </button>
      )}
    </li>
  );
}
