import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { clsx } from "clsx";
import { useCallback, useEffect, useRef, useState } from "react";
import { isFinal } from "@/components/status";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { announce } from "@/features/live/announcer";
import type { Job } from "@/lib/api";
import { useStored } from "@/lib/hooks";
import { recorder } from "@/lib/recorder-api";
import type { Assertion, Edit, Recording, Target } from "@/lib/recording";
import { newStepId, titleOf } from "@/lib/steps";
import { notify, notifyError } from "@/lib/toast";
import { Asks } from "./asks";
import { AssertPanel, Suggestions } from "./assert-panel";
import { Ended, Waiting } from "./before-after";
import { BrowserBar } from "./browser-bar";
import { focusAddress } from "./key-catcher";
import type { StageCommand } from "./protocol";
import { Screen } from "./screen";
import { SessionHead } from "./session-head";
import { StepFeed } from "./step-feed";
import { drives, useStage } from "./use-stage";
import type { Suggestion } from "./view";

/** One session from the wait for its browser to its end. */
export function SessionView({ job, recording }: { job: Job; recording: Recording | null }) {
  const navigate = useNavigate();
  const id = job.jobId;
  const final = isFinal(job.status);
  const active = job.status === "running" || job.status === "stopping";
  const { stage, snapshot } = useStage(id, active);
  const [picking, setPicking] = useState(false);
  const [asking, setAsking] = useState(false);
  const keep = useRef(false);
  const driving = drives(snapshot);
  const { view } = snapshot;

  const send = useCallback((command: StageCommand) => void stage.send(command), [stage]);
  const pick = (on: boolean) => {
    setPicking(on);
    stage.change((now) => ({ ...now, picked: null, highlight: null }));
    send({ op: "pick", mode: on ? "assert" : "off" });
  };
  const stop = useMutation({
    mutationFn: () => recorder.stop(id),
    onMutate: () => {
      keep.current = true;
    },
    onError: (error) => {
      keep.current = false;
      notifyError("The recording was not stopped", error);
    },
  });
  const edit = useMutation({
    mutationFn: (edits: Edit[]) => recorder.edit(id, edits, recording?.version ?? 0),
    onError: (error) => notifyError("The steps were not changed", error),
  });
  useNotes(stage, snapshot.view.notes);
  useEscape(picking, () => pick(false));
  useSpokenSteps(recording);
  // Whoever stopped it wants to see what came of it.
  useEffect(() => {
    if (job.status !== "succeeded" || !keep.current) return;
    void navigate({ to: "/recordings/$recordingId", params: { recordingId: id }, replace: true });
  }, [job.status, id, navigate]);

  const insert = (target: Target | undefined, assertion: Assertion) => {
    const step = { id: newStepId(), type: "assert" as const, target, assertion };
    edit.mutate([{ op: "insertStep", step, index: recording?.steps.length ?? 0 }]);
  };
  const add = (assertion: Assertion) => {
    if (!view.picked) return;
    const { pickId, target } = view.picked;
    const { suggested: _suggested, ...claim } = assertion;
    // The session knows what was picked on the canvas, and the page it shows; a step's element it does not.
    if (target && !pickId) insert(target, claim);
    else if (!stage.send({ op: "assert", pickId, ...claim })) return;
    pick(false);
  };
  const addSuggestion = (suggestion: Suggestion) => {
    const { pickId, assertion, target } = suggestion;
    const { suggested: _suggested, ...claim } = assertion;
    if (pickId) stage.send({ op: "assert", pickId, ...claim });
    else insert(target, claim);
    dismiss(suggestion.number);
  };
  const dismiss = (number: number) =>
    stage.change((now) => ({
      ...now,
      suggestions: now.suggestions.filter((each) => each.number !== number),
    }));

  const dialog = asking && (
    <CancelDialog id={id} recording={recording} onClose={() => setAsking(false)} />
  );
  if (final) return <Ended job={job} recording={recording} />;
  if (!active || !view.hello) {
    return (
      <>
        <div className="flex min-h-0 grow max-lg:flex-col">
          <div className="min-w-0 grow">
            <Waiting job={job} since={snapshot.since} onCancel={() => setAsking(true)} />
          </div>
          {recording && recording.steps.length > 0 && (
            <aside
              aria-label="Recorded steps"
              className="flex min-h-0 flex-col border-line bg-panel max-lg:border-t lg:w-88 lg:border-l xl:w-100"
            >
              <StepFeed steps={recording.steps} />
            </aside>
          )}
        </div>
        {dialog}
      </>
    );
  }
  return (
    <>
      <SessionHead
        name={recording?.name || "Recording"}
        snapshot={snapshot}
        driving={driving}
        picking={picking}
        send={send}
        onPick={pick}
        onStop={() => stop.mutate()}
        onCancel={() => setAsking(true)}
        ending={stop.isPending || job.status === "stopping"}
      />
      <div className="flex min-h-0 grow flex-col lg:flex-row">
        <div className="flex min-h-0 min-w-0 flex-[3] flex-col">
          <BrowserBar state={view.state} driving={driving} send={send} />
          <Asks stage={stage} view={view} driving={driving} />
          <Screen
            stage={stage}
            snapshot={snapshot}
            driving={driving}
            picking={picking}
            onLeave={focusAddress}
          />
        </div>
        <aside
          aria-label="Recorded steps"
          className="flex min-h-0 flex-[2] flex-col border-line bg-panel max-lg:border-t lg:w-88 lg:flex-none lg:border-l xl:w-100"
        >
          {picking && (
            <AssertPanel
              picked={view.picked}
              state={view.state}
              lastStep={recording?.steps.findLast((step) => step.target)}
              onPicked={(picked) => stage.change((now) => ({ ...now, picked }))}
              onAdd={add}
              onClose={() => pick(false)}
            />
          )}
          <h2
            className={clsx(
              "flex shrink-0 items-baseline gap-2 border-b border-line px-3 py-2 text-sm font-semibold",
              picking && "max-lg:hidden",
            )}
          >
            Steps
            <span className="num font-normal text-ink-3">{recording?.steps.length ?? 0}</span>
          </h2>
          <StepFeed
            steps={recording?.steps ?? []}
            onRemove={
              driving ? (step) => edit.mutate([{ op: "removeStep", stepId: step.id }]) : undefined
            }
          />
          {driving && (
            <Suggestions list={view.suggestions} onAdd={addSuggestion} onDismiss={dismiss} />
          )}
        </aside>
      </div>
      {dialog}
    </>
  );
}

function CancelDialog({
  id,
  recording,
  onClose,
}: {
  id: string;
  recording: Recording | null;
  onClose: () => void;
}) {
  const cancel = useMutation({
    mutationFn: () => recorder.cancel(id),
    onSuccess: onClose,
    onError: (error) => notifyError("The recording was not cancelled", error),
  });
  const steps = recording?.steps.length ?? 0;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Throw this recording away?"
      description={
        steps > 0
          ? `Its ${steps} steps, pictures and files are not kept. To end it and keep them, stop it instead.`
          : "Nothing was recorded yet."
      }
    >
      <DialogActions>
        <Button onClick={onClose}>Go on recording</Button>
        <Button look="danger" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          Throw away
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** Escape ends picking, wherever the focus is: it must not go to the page then. */
function useEscape(on: boolean, run: () => void) {
  const latest = useStored(run);
  useEffect(() => {
    if (!on) return;
    const press = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      latest.current();
    };
    document.addEventListener("keydown", press, true);
    return () => document.removeEventListener("keydown", press, true);
  }, [on, latest]);
}

/** What the session tells in passing becomes a note; each one once. */
function useNotes(stage: object, notes: { number: number; level: string; text: string }[]) {
  const told = useRef({ stage, number: -1 });
  useEffect(() => {
    if (told.current.stage !== stage) told.current = { stage, number: -1 };
    for (const note of notes) {
      if (note.number <= told.current.number) continue;
      told.current.number = note.number;
      if (note.level === "error") notifyError("The session says", new Error(note.text));
      else notify(note.text);
    }
  }, [stage, notes]);
}

function useSpokenSteps(recording: Recording | null) {
  const count = recording?.steps.length ?? 0;
  const last = recording?.steps.at(-1);
  const title = last ? titleOf(last) : "";
  useEffect(() => {
    if (count > 0) announce(`Step ${count}: ${title}`);
  }, [count, title]);
}
