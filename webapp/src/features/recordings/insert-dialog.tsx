import { useState } from "react";
import { AssertionFields, assertionFault } from "@/components/assertion-fields";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Field, Input, Select } from "@/components/ui/field";
import type { Action, Assertion, Step, Target } from "@/lib/recording";
import { actionNames, elementText, needsTarget, newStepId } from "@/lib/steps";

const written = [
  "assert",
  "click",
  "fill",
  "press",
  "check",
  "uncheck",
  "hover",
  "wait",
  "navigate",
  "setViewport",
] as const satisfies Action[];
type Written = (typeof written)[number];

interface Draft {
  type: Written;
  own: boolean;
  selector: string;
  text: string;
  width: string;
  height: string;
  assertion: Assertion;
}

/** A step that is written by hand. The element may be that of the step before. */
export default function InsertDialog({
  after,
  type,
  onClose,
  onInsert,
}: {
  after: Step | undefined;
  type: Written;
  onClose: () => void;
  onInsert: (step: Step) => void;
}) {
  const near = after?.target;
  const [draft, setDraft] = useState<Draft>({
    type,
    own: near === undefined,
    selector: "",
    text: "",
    width: "1280",
    height: "800",
    assertion: { claim: near ? "visible" : "url" },
  });
  const change = (next: Partial<Draft>) => setDraft((old) => ({ ...old, ...next }));
  const made = stepOf(draft, near);
  const aimed = aims(draft);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={type === "assert" ? "Add an assertion" : "Insert a step"}
      description={after ? "It comes right after the chosen step." : "It becomes the first step."}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if ("fault" in made) return;
          onInsert(made.step);
          onClose();
        }}
      >
        <DialogBody>
          <div className="flex flex-col gap-3">
            <Field label="Action">
              {(props) => (
                <Select
                  {...props}
                  value={draft.type}
                  onChange={(event) => change({ type: event.target.value as Written })}
                >
                  {written.map((each) => (
                    <option key={each} value={each}>
                      {actionNames[each]}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            {aimed && (
              <TargetFields
                draft={draft}
                change={change}
                near={near}
                optional={draft.type === "press"}
              />
            )}
            {draft.type === "assert" && (
              <AssertionFields
                assertion={draft.assertion}
                hasTarget
                onChange={(assertion) => change({ assertion })}
              />
            )}
            {labels[draft.type] && (
              <Field label={labels[draft.type]}>
                {(props) => (
                  <Input
                    {...props}
                    value={draft.text}
                    onChange={(event) => change({ text: event.target.value })}
                  />
                )}
              </Field>
            )}
            {draft.type === "setViewport" && (
              <div className="grid grid-cols-2 gap-3">
                {(["width", "height"] as const).map((side) => (
                  <Field key={side} label={side === "width" ? "Width" : "Height"}>
                    {(props) => (
                      <Input
                        {...props}
                        inputMode="numeric"
                        value={draft[side]}
                        onChange={(event) => change({ [side]: event.target.value })}
                      />
                    )}
                  </Field>
                ))}
              </div>
            )}
          </div>
        </DialogBody>
        <DialogActions>
          {"fault" in made && (
            <p className="mr-auto self-center text-xs text-ink-2">{made.fault}</p>
          )}
          <Button onClick={onClose}>Leave it</Button>
          <Button look="primary" type="submit" disabled={"fault" in made}>
            Insert
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

const labels: Partial<Record<Written, string>> = {
  navigate: "Address",
  fill: "Text",
  press: "Key",
};

function TargetFields({
  draft,
  change,
  near,
  optional,
}: {
  draft: Draft;
  change: (next: Partial<Draft>) => void;
  near: Target | undefined;
  optional: boolean;
}) {
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 text-sm font-medium">Element</legend>
      {near && (
        <label className="flex items-center gap-2 text-sm">
          <input
            type="radio"
            name="element"
            checked={!draft.own}
            onChange={() => change({ own: false })}
            className="accent-(--ink)"
          />
          The same: {elementText(near)}
        </label>
      )}
      {near && (
        <label className="flex items-center gap-2 text-sm">
          <input
            type="radio"
            name="element"
            checked={draft.own}
            onChange={() => change({ own: true })}
            className="accent-(--ink)"
          />
          Another one
        </label>
      )}
      {draft.own && (
        <Input
          aria-label="Selector"
          placeholder={
            optional ? "Selector; empty is what has the focus" : "Selector: text=Paid, #total, …"
          }
          spellCheck={false}
          className="font-mono text-xs!"
          value={draft.selector}
          onChange={(event) => change({ selector: event.target.value })}
        />
      )}
    </fieldset>
  );
}

function aims({ type, assertion }: Draft): boolean {
  if (type === "assert") return needsTarget(assertion.claim);
  return type !== "navigate" && type !== "setViewport";
}

/** The step, or what is still missing of it. */
export function stepOf(draft: Draft, near: Target | undefined): { step: Step } | { fault: string } {
  const { type, text, assertion } = draft;
  const step: Step = { id: newStepId(), type, by: "editor" };
  if (aims(draft)) {
    const selector = draft.selector.trim();
    const target =
      draft.own || !near
        ? selector
          ? { candidates: [{ by: "css", selector, matches: -1 }] }
          : undefined
        : near;
    if (!target && type !== "press") return { fault: "Say which element." };
    if (target) step.target = target;
  }
  if (type === "assert") {
    const fault = assertionFault(assertion);
    return fault ? { fault } : { step: { ...step, assertion } };
  }
  if (type === "fill") return { step: { ...step, value: { text } } };
  if (type === "press")
    return text.trim() ? { step: { ...step, key: text.trim() } } : { fault: "Say which key." };
  if (type === "navigate") {
    return URL.canParse(text.trim())
      ? { step: { ...step, url: text.trim() } }
      : { fault: "A whole address is needed, with https://." };
  }
  if (type === "setViewport") {
    const viewport = { width: Number(draft.width), height: Number(draft.height) };
    const good = viewport.width > 0 && viewport.height > 0;
    return good ? { step: { ...step, viewport } } : { fault: "Width and height are needed." };
  }
  return { step };
}
