import { Link } from "@tanstack/react-router";
import { ArrowLeft, ListX, Plus } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Notice } from "@/components/fault";
import { Button, buttonClass } from "@/components/ui/button";
import { patient } from "@/lib/patient";
import type { Recording, Step } from "@/lib/recording";
import { useShortcuts } from "@/lib/shortcuts";
import type { FilmFrame } from "./film";
import { Inspector } from "./inspector";
import { runOf } from "./recording-head";
import { useRunAgain } from "./run";
import { StepList } from "./step-list";
import type { Editor } from "./use-editor";
import { Viewer } from "./viewer";

const InsertDialog = lazy(patient(() => import("./insert-dialog")));

/** The steps beside what was seen and what each says. A phone shows the list, then one step. */
export function StepsView({
  recording,
  selected,
  chosen,
  frame,
  video,
  editor,
  onSelect,
}: {
  recording: Recording;
  selected: Step | undefined;
  /** Whether somebody chose the step, or it is only the first one. */
  chosen: boolean;
  frame: FilmFrame | undefined;
  video: { at: number; onTime: (ms: number) => void } | null;
  editor: Editor;
  onSelect: (step: Step) => void;
}) {
  const { steps } = recording;
  const [adding, setAdding] = useState<{
    after: Step | undefined;
    type: "assert" | "click";
  } | null>(null);
  const again = useRunAgain();
  const index = steps.findIndex((step) => step.id === selected?.id);
  const go = (by: number) => {
    const next = steps[Math.min(steps.length - 1, Math.max(0, index + by))];
    if (next) onSelect(next);
  };
  useShortcuts([
    { keys: "j", label: "Next step", group: "This page", run: () => go(1) },
    { keys: "k", label: "Step before", group: "This page", run: () => go(-1) },
  ]);
  const insert = (step: Step) => {
    const at = steps.findIndex((each) => each.id === adding?.after?.id) + 1;
    editor.edit({ op: "insertStep", step, index: at });
    onSelect(step);
  };
  const add = (
    <Button
      size="sm"
      disabled={editor.readOnly}
      onClick={() => setAdding({ after: selected, type: "click" })}
    >
      <Plus aria-hidden="true" /> Insert
    </Button>
  );
  const dialog = adding && (
    <Suspense>
      <InsertDialog
        after={adding.after}
        type={adding.type}
        onClose={() => setAdding(null)}
        onInsert={insert}
      />
    </Suspense>
  );
  if (steps.length === 0) {
    return (
      <>
        <Notice icon={<ListX />} title="There are no steps" actions={add}>
          {recording.status === "recording"
            ? "They appear here as they happen."
            : "Nothing was done, or every step was deleted."}
        </Notice>
        {dialog}
      </>
    );
  }
  return (
    <div className="flex min-h-0 grow">
      <section
        aria-label="Steps"
        className={`scroll-thin relative min-h-0 overflow-y-auto border-line bg-panel max-lg:grow lg:w-72 lg:shrink-0 lg:border-r xl:w-76 2xl:w-88 ${chosen ? "max-lg:hidden" : ""}`}
      >
        <div className="sticky top-0 z-10 flex items-center justify-between border-b border-line bg-panel px-3 py-1.5">
          <h2 className="text-sm font-semibold">
            Steps <span className="num font-normal text-ink-3">{steps.length}</span>
          </h2>
          {add}
        </div>
        <StepList
          steps={steps}
          selected={selected}
          onSelect={onSelect}
          editor={editor}
          actions={{
            insertAfter: (step) => setAdding({ after: step, type: "click" }),
            assertAbout: (step) => setAdding({ after: step, type: "assert" }),
            continueFrom: (i) => again.mutate({ ...runOf(recording), steps: i + 1 }),
          }}
        />
      </section>
      <div
        className={`scroll-thin relative min-h-0 min-w-0 grow overflow-y-auto xl:flex xl:overflow-hidden ${chosen ? "" : "max-lg:hidden"}`}
      >
        <div className="min-w-0 xl:scroll-thin xl:grow xl:overflow-y-auto">
          <Link
            from="/recordings/$recordingId"
            to="."
            search={(old) => ({ ...old, step: undefined, t: undefined })}
            className={`${buttonClass("quiet", "sm")} mt-2 ml-3 lg:hidden`}
          >
            <ArrowLeft aria-hidden="true" /> All steps
          </Link>
          <Viewer id={recording.recordingId} step={selected} frame={frame} video={video} />
        </div>
        {selected && (
          <section
            aria-label="The chosen step"
            className="border-line xl:scroll-thin xl:w-84 2xl:w-92 xl:shrink-0 xl:overflow-y-auto xl:border-l max-xl:border-t"
          >
            <Inspector recording={recording} step={selected} editor={editor} />
          </section>
        )}
      </div>
      {dialog}
    </div>
  );
}
