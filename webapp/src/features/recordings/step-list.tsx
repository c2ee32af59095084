import { clsx } from "clsx";
import {
  ArrowDown,
  ArrowUp,
  CircleCheckBig,
  Clapperboard,
  EllipsisVertical,
  Eye,
  EyeOff,
  GripVertical,
  Plus,
  StickyNote,
  Trash2,
} from "lucide-react";
import { type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { ActionIcon, StepMarks } from "@/components/steps";
import { Menu } from "@/components/ui/menu";
import { announce } from "@/features/live/announcer";
import type { Step } from "@/lib/recording";
import { titleOf } from "@/lib/steps";
import { landing } from "./reorder";
import type { Editor } from "./use-editor";

export interface StepActions {
  insertAfter(step: Step): void;
  assertAbout(step: Step): void;
  continueFrom(index: number): void;
}

/** The steps in their order: chosen with the arrows, moved with Alt and the arrows or by dragging. */
export function StepList({
  steps,
  selected,
  onSelect,
  editor,
  actions,
}: {
  steps: Step[];
  selected: Step | undefined;
  onSelect: (step: Step) => void;
  editor: Editor;
  actions: StepActions;
}) {
  const list = useRef<HTMLOListElement>(null);
  const drag = useReorder(steps, editor);
  const move = (index: number, by: number) => {
    const to = index + by;
    const step = steps[index];
    if (!step || to < 0 || to >= steps.length) return;
    editor.edit({ op: "moveStep", stepId: step.id, index: to });
    announce(`Step ${index + 1} is now step ${to + 1}.`);
  };
  const press = (event: KeyboardEvent, index: number) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const step = steps[index];
    if (by && event.altKey) move(index, by);
    else if (by) focusStep(list.current, steps[index + by], onSelect);
    else if (event.key === "Delete" && step) editor.edit({ op: "removeStep", stepId: step.id });
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  useEffect(() => {
    const row = list.current?.querySelector(`[data-step="${CSS.escape(selected?.id ?? "")}"]`);
    row?.scrollIntoView?.({ block: "nearest" });
  }, [selected?.id]);

  return (
    <ol ref={list} aria-label="Steps" className="flex flex-col py-1" onDragOver={drag.over}>
      {steps.map((step, i) => (
        <li
          key={step.id}
          data-step={step.id}
          data-index={i}
          className={clsx(
            "group relative flex items-start gap-1.5 border-b border-line pr-1 pl-1 [contain-intrinsic-size:auto_2.5rem] [content-visibility:auto] last:border-0",
            selected?.id === step.id ? "bg-select" : "hover:bg-well",
            drag.dragged === step.id && "opacity-40",
          )}
          onDrop={drag.drop}
        >
          {drag.at === i && <DropLine place="top" />}
          {drag.at === steps.length && i === steps.length - 1 && <DropLine place="bottom" />}
          <span
            draggable={!editor.readOnly}
            onDragStart={(event) => drag.start(event, step)}
            onDragEnd={drag.end}
            aria-hidden="true"
            title="Drag to another place"
            className={clsx(
              "mt-2.5 cursor-grab text-ink-3 opacity-0 group-hover:opacity-100",
              editor.readOnly && "invisible",
            )}
          >
            <GripVertical className="size-4" />
          </span>
          <button
            type="button"
            aria-current={selected?.id === step.id ? "step" : undefined}
            aria-keyshortcuts={editor.readOnly ? undefined : "Alt+ArrowUp Alt+ArrowDown Delete"}
            onClick={() => onSelect(step)}
            onKeyDown={(event) => press(event, i)}
            className="flex min-w-0 grow items-start gap-2 py-2 text-left"
          >
            <span className="num w-5 shrink-0 pt-px text-right text-xs text-ink-3">{i + 1}</span>
            <ActionIcon type={step.type} className="mt-0.5" />
            <span className="flex min-w-0 grow flex-wrap items-center gap-x-1.5 gap-y-0.5 text-sm">
              <span
                className={clsx("min-w-0 break-words", step.disabled && "text-ink-3 line-through")}
              >
                {titleOf(step)}
              </span>
              <StepMarks step={step} />
              {step.note && (
                <StickyNote role="img" aria-label="Has a note" className="size-3.5 text-accent" />
              )}
            </span>
          </button>
          {!editor.readOnly && (
            <StepMenu
              step={step}
              index={i}
              last={steps.length - 1}
              editor={editor}
              actions={actions}
              onMove={(by) => move(i, by)}
            />
          )}
        </li>
      ))}
    </ol>
  );
}

function DropLine({ place }: { place: "top" | "bottom" }) {
  return (
    <span
      aria-hidden="true"
      className={clsx(
        "pointer-events-none absolute inset-x-0 z-10 h-0.5 bg-focus",
        place === "top" ? "-top-px" : "-bottom-px",
      )}
    />
  );
}

function StepMenu({
  step,
  index,
  last,
  editor,
  actions,
  onMove,
}: {
  step: Step;
  index: number;
  last: number;
  editor: Editor;
  actions: StepActions;
  onMove: (by: number) => void;
}) {
  const toggled = { ...step, disabled: step.disabled ? undefined : true };
  return (
    <Menu
      label={`Actions of step ${index + 1}`}
      icon={EllipsisVertical}
      look="quiet"
      className="mt-0.5"
      entries={[
        { label: "Insert a step after…", icon: Plus, run: () => actions.insertAfter(step) },
        { label: "Assert after it…", icon: CircleCheckBig, run: () => actions.assertAbout(step) },
        {
          label: "Continue from here",
          icon: Clapperboard,
          run: () => actions.continueFrom(index),
        },
        null,
        { label: "Move up", icon: ArrowUp, disabled: index === 0, run: () => onMove(-1) },
        { label: "Move down", icon: ArrowDown, disabled: index === last, run: () => onMove(1) },
        {
          label: step.disabled ? "Enable" : "Disable",
          icon: step.disabled ? Eye : EyeOff,
          run: () => editor.replace(toggled),
        },
        {
          label: "Delete",
          icon: Trash2,
          danger: true,
          run: () => editor.edit({ op: "removeStep", stepId: step.id }),
        },
      ]}
    />
  );
}

function focusStep(
  list: HTMLElement | null,
  step: Step | undefined,
  onSelect: (step: Step) => void,
) {
  if (!step) return;
  onSelect(step);
  list?.querySelector<HTMLElement>(`[data-step="${CSS.escape(step.id)}"] > button`)?.focus();
}

/** Dragging a step by its handle; where it would land is shown as a line. */
function useReorder(steps: Step[], editor: Editor) {
  const [dragged, setDragged] = useState<string | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const end = () => {
    setDragged(null);
    setAt(null);
  };
  return {
    dragged,
    at: dragged === null ? null : at,
    end,
    start(event: DragEvent, step: Step) {
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", titleOf(step));
      const row = event.currentTarget.closest("li");
      if (row) event.dataTransfer.setDragImage(row, 8, 16);
      setDragged(step.id);
    },
    over(event: DragEvent) {
      const row = (event.target as HTMLElement).closest<HTMLElement>("li[data-index]");
      if (dragged === null || !row) return;
      event.preventDefault();
      const { top, height } = row.getBoundingClientRect();
      setAt(Number(row.dataset.index) + (event.clientY > top + height / 2 ? 1 : 0));
    },
    drop(event: DragEvent) {
      event.preventDefault();
      const to = landing(steps, dragged, at);
      if (dragged !== null && to !== null)
        editor.edit({ op: "moveStep", stepId: dragged, index: to });
      end();
    },
  };
}
