import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { type FormEvent, useCallback, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import { ApiError, explain } from "@/lib/api";
import type { CaseEdit, ReviewedCase } from "@/lib/suites-api";
import { caseTypes } from "./search";
import { useLeaveGuard } from "./use-leave-guard";
import { CaseChanged } from "./use-review";
import { MOST_REASON, NameField } from "./word-dialog";
import { contentOf, typeNames } from "./words";

interface DraftStep {
  /** Of this form only: it stays the same while steps move. */
  key: number;
  stepId?: string;
  action: string;
  data: string;
  expected: string;
}
interface Draft extends Pick<CaseEdit, "title" | "type" | "priority"> {
  preconditions: string;
  tags: string;
  steps: DraftStep[];
}

let made = 0;

function draftOf(one: ReviewedCase): Draft {
  const { title, type, priority, preconditions = [], tags = [], steps } = contentOf(one);
  return {
    ...{ title, type, priority },
    preconditions: preconditions.join("\n"),
    tags: tags.join(", "),
    steps: steps.map(({ stepId, action, data = "", expected = "" }) => ({
      ...{ key: ++made, stepId, action, data, expected },
    })),
  };
}

function contentIn(draft: Draft): Omit<CaseEdit, "by" | "reason"> {
  const list = (text: string, by: string | RegExp) =>
    text
      .split(by)
      .map((each) => each.trim())
      .filter(Boolean);
  const { title, type, priority } = draft;
  return {
    ...{ title: title.trim(), type, priority },
    preconditions: list(draft.preconditions, "\n"),
    tags: list(draft.tags, ","),
    steps: draft.steps.map(({ key: _key, ...step }) => step),
  };
}

/** Gives a case another content. What is written is kept until it is saved or let go. */
export default function CaseForm({
  one,
  by,
  busy,
  onSave,
  onClose,
}: {
  /** The newest version of the case: what is saved replaces it. */
  one: ReviewedCase;
  by: string;
  busy: boolean;
  /** Fails with what went wrong. */
  onSave: (seen: ReviewedCase, body: CaseEdit) => Promise<void>;
  onClose: () => void;
}) {
  // What the edit began with, so that somebody else's change in between is noticed.
  const [seen, setSeen] = useState(one);
  const [draft, setDraft] = useState(() => draftOf(one));
  const [name, setName] = useState(by);
  const [reason, setReason] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [asking, setAsking] = useState(false);
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }));
  const content = contentIn(draft);
  const dirty = JSON.stringify(content) !== JSON.stringify(contentIn(draftOf(seen)));
  const unsaved = useRef(false);
  useEffect(() => {
    unsaved.current = dirty;
  }, [dirty]);
  const guard = useLeaveGuard(useCallback(() => unsaved.current, []));
  const title = useRef<HTMLInputElement>(null);
  useEffect(() => title.current?.focus(), []);
  const faults = {
    title: content.title === "" ? "A case needs a title." : undefined,
    steps: content.steps.length === 0 ? "A case needs a step at least." : undefined,
    action: content.steps.some(({ action }) => action.trim() === "")
      ? "Each step says what is done."
      : undefined,
  };
  const ready = dirty && name.trim() !== "" && !Object.values(faults).some(Boolean) && !busy;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    setError(null);
    try {
      const word = { by: name.trim(), ...(reason.trim() ? { reason: reason.trim() } : {}) };
      await onSave(seen, { ...content, ...word });
      unsaved.current = false;
      onClose();
    } catch (fault) {
      setError(fault);
    }
  };
  const stay = () => {
    setAsking(false);
    guard.answer(false);
  };
  const leave = () => (dirty ? setAsking(true) : onClose());
  return (
    <form
      aria-label="Edit the case"
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.stopPropagation();
        leave();
      }}
      className="flex max-w-4xl flex-col gap-4 p-4 md:px-6"
    >
      <Field label="Title" required error={faults.title}>
        {(props) => (
          <Input
            {...props}
            ref={title}
            value={draft.title}
            onChange={(event) => change({ title: event.target.value })}
          />
        )}
      </Field>
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="Type">
          {(props) => (
            <Select
              {...props}
              value={draft.type}
              onChange={(event) => change({ type: event.target.value as Draft["type"] })}
            >
              {caseTypes.map((type) => (
                <option key={type} value={type}>
                  {typeNames[type]}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Priority">
          {(props) => (
            <Select
              {...props}
              value={draft.priority}
              onChange={(event) => change({ priority: event.target.value as Draft["priority"] })}
            >
              <option value="high">High</option>
              <option value="medium">Medium</option>
              <option value="low">Low</option>
            </Select>
          )}
        </Field>
        <Field label="Tags" hint="With commas between.">
          {(props) => (
            <Input
              {...props}
              value={draft.tags}
              onChange={(event) => change({ tags: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field label="Before it begins" hint="One thing on each line.">
        {(props) => (
          <Textarea
            {...props}
            rows={2}
            value={draft.preconditions}
            onChange={(event) => change({ preconditions: event.target.value })}
          />
        )}
      </Field>
      <Steps steps={draft.steps} onSteps={(steps) => change({ steps })} />
      {(faults.steps ?? faults.action) && (
        <p className="text-xs font-medium text-danger">{faults.steps ?? faults.action}</p>
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Reason" hint="Why it is changed; it may be left out.">
          {(props) => (
            <Input
              {...props}
              maxLength={MOST_REASON}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          )}
        </Field>
        <NameField name={name} onName={setName} />
      </div>
      {error !== null && (
        <div
          role="alert"
          className="flex flex-wrap items-center gap-3 text-sm wrap-anywhere text-danger"
        >
          {error instanceof CaseChanged
            ? "Somebody else changed this case meanwhile. Your edit is still here, and nothing was saved."
            : messages(error)}
          {error instanceof CaseChanged && (
            <>
              <Button
                size="sm"
                onClick={() => {
                  setSeen(one);
                  setError(null);
                }}
              >
                Keep mine, and save it over theirs
              </Button>
              <Button
                size="sm"
                onClick={() => {
                  setSeen(one);
                  setDraft(draftOf(one));
                  setError(null);
                }}
              >
                Take theirs
              </Button>
            </>
          )}
        </div>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={leave}>Leave it</Button>
        <Button look="primary" type="submit" disabled={!ready}>
          {busy ? "Saving…" : "Save"}
        </Button>
      </div>
      {(asking || guard.waiting) && (
        <Dialog
          open
          onClose={stay}
          title="Let the edit go?"
          description="What you have changed is not saved."
        >
          <DialogActions>
            <Button onClick={stay}>Go on editing</Button>
            <Button
              look="danger"
              onClick={() => {
                unsaved.current = false;
                guard.answer(true);
                onClose();
              }}
            >
              Let it go
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </form>
  );
}

function messages(error: unknown): string {
  const fields = error instanceof ApiError ? error.problem.errors : undefined;
  const said = fields?.map(({ path, message }) => `${path.replace(/^\//, "")}: ${message}`);
  return [explain(error), ...(said ?? [])].join(". ");
}

function Steps({ steps, onSteps }: { steps: DraftStep[]; onSteps: (steps: DraftStep[]) => void }) {
  const set = (at: number, part: Partial<DraftStep>) =>
    onSteps(steps.map((step, i) => (i === at ? { ...step, ...part } : step)));
  const move = (from: number, to: number) => {
    const next = steps.slice();
    next.splice(to, 0, ...next.splice(from, 1));
    onSteps(next);
  };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">Steps</legend>
      <ol className="flex flex-col gap-2">
        {steps.map((step, i) => (
          <li
            key={step.key}
            className="flex flex-col gap-2 rounded-md border border-line bg-panel p-2.5"
          >
            <div className="flex items-center gap-1">
              <span className="num mr-auto text-xs font-semibold text-ink-3">Step {i + 1}</span>
              <Button
                look="quiet"
                size="icon"
                aria-label={`Move step ${i + 1} up`}
                disabled={i === 0}
                onClick={() => move(i, i - 1)}
              >
                <ArrowUp aria-hidden="true" />
              </Button>
              <Button
                look="quiet"
                size="icon"
                aria-label={`Move step ${i + 1} down`}
                disabled={i === steps.length - 1}
                onClick={() => move(i, i + 1)}
              >
                <ArrowDown aria-hidden="true" />
              </Button>
              <Button
                look="quiet"
                size="icon"
                aria-label={`Remove step ${i + 1}`}
                onClick={() => onSteps(steps.filter((each) => each !== step))}
              >
                <Trash2 aria-hidden="true" />
              </Button>
            </div>
            <Textarea
              aria-label={`Action of step ${i + 1}`}
              placeholder="What is done"
              rows={1}
              className="field-sizing-content"
              value={step.action}
              aria-invalid={step.action.trim() === "" || undefined}
              onChange={(event) => set(i, { action: event.target.value })}
            />
            <div className="grid gap-2 sm:grid-cols-2">
              <Textarea
                aria-label={`Data of step ${i + 1}`}
                placeholder="Data"
                rows={1}
                className="field-sizing-content"
                value={step.data}
                onChange={(event) => set(i, { data: event.target.value })}
              />
              <Textarea
                aria-label={`Expected result of step ${i + 1}`}
                placeholder="Expected result"
                rows={1}
                className="field-sizing-content"
                value={step.expected}
                onChange={(event) => set(i, { expected: event.target.value })}
              />
            </div>
          </li>
        ))}
      </ol>
      <Button
        size="sm"
        className="self-start"
        onClick={() => onSteps([...steps, { key: ++made, action: "", data: "", expected: "" }])}
      >
        <Plus aria-hidden="true" /> Add a step
      </Button>
    </fieldset>
  );
}
