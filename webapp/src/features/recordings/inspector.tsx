import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { useState } from "react";
import { AssertionFields, assertionFault } from "@/components/assertion-fields";
import { Button } from "@/components/ui/button";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import type { Recording, Step, Target, Value } from "@/lib/recording";
import { actionNames, bestOf, titleOf } from "@/lib/steps";
import { duration } from "@/lib/time";
import type { Editor } from "./use-editor";

/** All of one step: what it does, how its element is found, and what was seen. */
export function Inspector({
  recording,
  step,
  editor,
}: {
  recording: Recording;
  step: Step;
  editor: Editor;
}) {
  return (
    <div className="flex flex-col gap-5 p-4">
      <StepForm key={JSON.stringify(step)} recording={recording} step={step} editor={editor} />
      {step.target && (
        <Locators
          title="Ways to the element"
          target={step.target}
          editor={editor}
          onChoose={(chosen) =>
            editor.replace({ ...step, target: { ...(step.target as Target), chosen } })
          }
        />
      )}
      {step.to && (
        <Locators
          title="Ways to where it is dropped"
          target={step.to}
          editor={editor}
          onChoose={(chosen) => editor.replace({ ...step, to: { ...(step.to as Target), chosen } })}
        />
      )}
      <Seen step={step} />
    </div>
  );
}

/** Kept with the button: half of an edit is no version that anybody wants back. */
function StepForm({
  recording,
  step,
  editor,
}: {
  recording: Recording;
  step: Step;
  editor: Editor;
}) {
  const [draft, setDraft] = useState(step);
  const change = (next: Partial<Step>) => setDraft((old) => ({ ...old, ...next }));
  const dirty = JSON.stringify(draft) !== JSON.stringify(step);
  const fault = draft.assertion && assertionFault(draft.assertion);
  return (
    <form
      aria-label="Step"
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (dirty && !fault) editor.replace(draft);
      }}
    >
      <h2 className="text-xs font-semibold text-ink-3">
        {actionNames[step.type]}
        {step.disabled && ", disabled: it is passed over"}
      </h2>
      <fieldset disabled={editor.readOnly} className="contents">
        <Field label="Title">
          {(props) => (
            <Input
              {...props}
              value={draft.title ?? ""}
              placeholder={titleOf({ ...step, title: "" })}
              onChange={(event) => change({ title: event.target.value || undefined })}
            />
          )}
        </Field>
        <Details draft={draft} change={change} recording={recording} />
        {draft.assertion && (
          <AssertionFields
            assertion={draft.assertion}
            hasTarget={draft.target !== undefined}
            onChange={(assertion) => change({ assertion: { ...assertion, suggested: undefined } })}
          />
        )}
        <Field label="Note">
          {(props) => (
            <Textarea
              {...props}
              rows={2}
              value={draft.note ?? ""}
              onChange={(event) => change({ note: event.target.value || undefined })}
            />
          )}
        </Field>
      </fieldset>
      {fault && <p className="text-xs font-medium text-danger">{fault}</p>}
      {dirty && (
        <div className="flex gap-2">
          <Button look="primary" type="submit" disabled={editor.busy || Boolean(fault)}>
            Keep the change
          </Button>
          <Button onClick={() => setDraft(step)}>Leave it as it was</Button>
        </div>
      )}
      {step.assertion?.suggested && !dirty && !editor.readOnly && (
        <Button
          onClick={() =>
            editor.replace({
              ...step,
              assertion: { ...draft.assertion, suggested: undefined } as Step["assertion"],
            })
          }
        >
          Take the suggestion over
        </Button>
      )}
    </form>
  );
}

function Details({
  draft,
  change,
  recording,
}: {
  draft: Step;
  change: (next: Partial<Step>) => void;
  recording: Recording;
}) {
  const { value, values, dialog, viewport } = draft;
  return (
    <>
      {draft.type === "navigate" && !draft.history && (
        <Field label="Address">
          {(props) => (
            <Input
              {...props}
              value={draft.url ?? ""}
              spellCheck={false}
              onChange={(event) => change({ url: event.target.value })}
            />
          )}
        </Field>
      )}
      {draft.type === "press" && (
        <Field label="Key" hint="As Playwright names it, such as Enter or ArrowDown">
          {(props) => (
            <Input
              {...props}
              value={draft.key ?? ""}
              onChange={(event) => change({ key: event.target.value })}
            />
          )}
        </Field>
      )}
      {value && (
        <ValueField
          label="Value"
          value={value}
          recording={recording}
          onChange={(next) => change({ value: next })}
        />
      )}
      {values?.map((each, i) => (
        <ValueField
          key={i}
          label={values.length > 1 ? `Option ${i + 1}` : "Option"}
          value={each}
          recording={recording}
          onChange={(next) => change({ values: values.with(i, next) })}
        />
      ))}
      {dialog && (
        <Field label="Accept the dialog" inline hint={dialog.message}>
          {(props) => (
            <Checkbox
              {...props}
              checked={dialog.accept}
              onChange={(event) => change({ dialog: { ...dialog, accept: event.target.checked } })}
            />
          )}
        </Field>
      )}
      {viewport && draft.type === "setViewport" && (
        <div className="grid grid-cols-2 gap-3">
          {(["width", "height"] as const).map((side) => (
            <Field key={side} label={side === "width" ? "Width" : "Height"}>
              {(props) => (
                <Input
                  {...props}
                  inputMode="numeric"
                  value={viewport[side]}
                  onChange={(event) =>
                    change({
                      viewport: {
                        ...viewport,
                        [side]: Number(event.target.value.replace(/\D/g, "")),
                      },
                    })
                  }
                />
              )}
            </Field>
          ))}
        </div>
      )}
    </>
  );
}

/** Text as it was typed, one of the recording's variables, or a secret of the run. */
function ValueField({
  label,
  value,
  recording,
  onChange,
}: {
  label: string;
  value: Value;
  recording: Recording;
  onChange: (value: Value) => void;
}) {
  const way = value.secret
    ? `secret:${value.secret}`
    : value.variable
      ? `variable:${value.variable}`
      : "";
  const variables = recording.variables ?? [];
  const secrets = new Set([...(recording.secrets ?? []), ...(value.secret ? [value.secret] : [])]);
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_auto] gap-2">
      <Field
        label={label}
        hint={value.secret ? "Only its placeholder is kept; a run brings the value." : undefined}
      >
        {(props) => (
          <Input
            {...props}
            value={value.text}
            readOnly={Boolean(value.secret)}
            onChange={(event) => onChange({ ...value, text: event.target.value })}
          />
        )}
      </Field>
      <Field label="Taken from">
        {(props) => (
          <Select
            {...props}
            value={way}
            className="max-w-36"
            onChange={(event) => {
              const [kind, name] = event.target.value.split(":", 2);
              onChange({ text: value.text, ...(kind ? { [kind]: name } : {}) });
            }}
          >
            <option value="">this text</option>
            {variables.length > 0 && (
              <optgroup label="Variable">
                {variables.map(({ name }) => (
                  <option key={name} value={`variable:${name}`}>
                    {name}
                  </option>
                ))}
              </optgroup>
            )}
            {secrets.size > 0 && (
              <optgroup label="Secret">
                {[...secrets].map((name) => (
                  <option key={name} value={`secret:${name}`}>
                    {name}
                  </option>
                ))}
              </optgroup>
            )}
          </Select>
        )}
      </Field>
    </div>
  );
}

function Locators({
  title,
  target,
  editor,
  onChoose,
}: {
  title: string;
  target: Target;
  editor: Editor;
  onChoose: (chosen: string | undefined) => void;
}) {
  const best = bestOf(target);
  const [own, setOwn] = useState("");
  const foreign = best && !target.candidates.some((each) => each.selector === best.selector);
  const list = foreign && best ? [best, ...target.candidates] : target.candidates;
  return (
    <fieldset disabled={editor.readOnly || editor.busy}>
      <legend className="mb-1.5 flex w-full items-baseline gap-2 text-sm font-semibold">
        {title}
        <span className="text-xs font-normal text-ink-3">and what each found then</span>
      </legend>
      {(target.frames ?? []).map((frame, i) => (
        <p key={frame.url ?? frame.name ?? i} className="mb-1 truncate text-xs text-ink-2">
          in the frame {frame.name || frame.url || frame.candidates[0]?.locator}
        </p>
      ))}
      <ul className="flex flex-col rounded-md border border-line">
        {list.map((each) => {
          const on = each.selector === best?.selector;
          return (
            <li key={each.selector} className="border-b border-line last:border-0">
              <label
                className={clsx(
                  "flex items-start gap-2 px-2 py-1.5",
                  on ? "bg-select" : !editor.readOnly && "cursor-pointer hover:bg-well",
                )}
              >
                <input
                  type="radio"
                  name={title}
                  checked={on}
                  onChange={() => onChoose(each.selector)}
                  className="mt-1 accent-(--ink)"
                />
                <span className="min-w-0 grow">
                  <span className="block font-mono text-xs break-all">
                    {each.locator ?? each.selector}
                  </span>
                  <span className="text-2xs text-ink-3">{each.by}</span>
                </span>
                <Matches count={each.matches} />
              </label>
            </li>
          );
        })}
      </ul>
      {target.chosen && !editor.readOnly && (
        <button
          type="button"
          className="mt-1.5 text-xs underline"
          onClick={() => onChoose(undefined)}
        >
          Let the first that matches once be used
        </button>
      )}
      {!editor.readOnly && (
        <div className="mt-2 flex gap-2">
          <Input
            aria-label={`${title}: a selector of your own`}
            placeholder="A selector of your own"
            spellCheck={false}
            className="font-mono text-xs!"
            value={own}
            onChange={(event) => setOwn(event.target.value)}
          />
          <Button
            disabled={!own.trim()}
            onClick={() => {
              onChoose(own.trim());
              setOwn("");
            }}
          >
            Use
          </Button>
        </div>
      )}
    </fieldset>
  );
}

function Matches({ count }: { count: number }) {
  return (
    <span
      title={count < 0 ? "Nobody counted" : `It found ${count} elements at that moment`}
      className={clsx(
        "num shrink-0 rounded-sm border px-1 text-xs",
        count === 1
          ? "border-good/50 text-good"
          : count < 0
            ? "border-line text-ink-3"
            : "border-warn/50 text-warn",
      )}
    >
      <span aria-hidden="true">{count < 0 ? "?" : count}</span>
      <span className="sr-only">
        {count < 0 ? "not counted" : count === 1 ? "1 match" : `${count} matches`}
      </span>
    </span>
  );
}

const SHOWN = 8;

function Seen({ step }: { step: Step }) {
  const { evidence, target, files } = step;
  const requests = evidence?.requests ?? [];
  const lines = evidence?.console ?? [];
  return (
    <section aria-label="What was seen" className="flex flex-col gap-3 text-sm">
      {files && files.length > 0 && (
        <ul className="flex flex-col gap-1">
          {files.map((file) => (
            <li key={file.name} className="text-xs">
              {file.name} <span className="text-ink-3">{file.contentType}</span>
            </li>
          ))}
        </ul>
      )}
      {evidence && (
        <p className="text-xs text-ink-3">
          At {duration(evidence.offsetMs)}
          {evidence.durationMs ? `, took ${duration(evidence.durationMs)}` : ""}
          {step.by &&
            `, by ${step.by === "person" ? "a person" : step.by === "script" ? "a script" : "an edit"}`}
        </p>
      )}
      {target?.element && (
        <details>
          <summary className="text-sm font-medium">The element</summary>
          <dl className="mt-1 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 font-mono text-xs">
            {Object.entries({
              tag: target.element.tag,
              role: target.element.role,
              name: target.element.name,
              text: target.element.text,
              ...target.element.attributes,
            }).map(([key, text]) =>
              text ? (
                <div key={key} className="contents">
                  <dt className="text-ink-3">{key}</dt>
                  <dd className="break-words">{text}</dd>
                </div>
              ) : null,
            )}
          </dl>
        </details>
      )}
      {evidence?.aria && (
        <details>
          <summary className="text-sm font-medium">Accessibility tree around it</summary>
          <pre className="scroll-thin mt-1 max-h-60 overflow-auto rounded-md border border-line bg-panel p-2 font-mono text-xs">
            {evidence.aria}
          </pre>
        </details>
      )}
      {requests.length > 0 && (
        <div>
          <h3 className="mb-1 text-sm font-medium">Requests it caused</h3>
          <ul className="flex flex-col gap-0.5 text-xs">
            {requests.slice(0, SHOWN).map((request) => (
              <li key={request.entry} className="flex gap-2">
                <span className={clsx("num w-8 shrink-0", bad(request.status) && "text-danger")}>
                  {request.status || "–"}
                </span>
                <Link
                  from="/recordings/$recordingId"
                  to="."
                  search={(old) => ({ ...old, tab: "network", entry: request.entry })}
                  className="min-w-0 truncate font-mono underline decoration-line-strong underline-offset-2"
                  title={request.url}
                >
                  {request.method} {request.url.replace(/^https?:\/\/[^/]+/, "")}
                </Link>
              </li>
            ))}
          </ul>
          {requests.length > SHOWN && (
            <p className="mt-1 text-xs text-ink-3">and {requests.length - SHOWN} more</p>
          )}
        </div>
      )}
      {lines.length > 0 && (
        <div>
          <h3 className="mb-1 text-sm font-medium">Console</h3>
          <ul className="flex flex-col gap-0.5 font-mono text-xs">
            {lines.slice(0, SHOWN).map((line, i) => (
              <li key={i} className={clsx("break-words", line.level === "error" && "text-danger")}>
                {line.text}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function bad(status: number | undefined): boolean {
  return !status || status >= 400;
}
