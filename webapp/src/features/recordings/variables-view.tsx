import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import type { Recording, Variable } from "@/lib/recording";
import type { Editor } from "./use-editor";

interface Draft {
  name: string;
  way: "recorded" | "rows" | "unique";
  rows: string;
  note: string;
}

/** The values that differ from run to run. A step refers to one by its name. */
export default function VariablesView({
  recording,
  editor,
}: {
  recording: Recording;
  editor: Editor;
}) {
  const stored = recording.variables ?? [];
  return (
    <VariablesForm
      key={JSON.stringify(stored)}
      stored={stored}
      steps={recording.steps}
      editor={editor}
    />
  );
}

function VariablesForm({
  stored,
  steps,
  editor,
}: {
  stored: Variable[];
  steps: Recording["steps"];
  editor: Editor;
}) {
  const [drafts, setDrafts] = useState<Draft[]>(() => stored.map(draftOf));
  const change = (i: number, next: Partial<Draft>) =>
    setDrafts((old) => old.with(i, { ...(old[i] as Draft), ...next }));
  const faults = faultsOf(drafts);
  const dirty = JSON.stringify(drafts) !== JSON.stringify(stored.map(draftOf));
  return (
    <form
      className="scroll-thin relative min-h-0 grow overflow-y-auto px-4 py-4 md:px-6"
      onSubmit={(event) => {
        event.preventDefault();
        if (faults.every((fault) => !fault)) {
          editor.edit({ op: "variables", variables: drafts.map(variableOf) });
        }
      }}
    >
      <p className="mb-4 max-w-2xl text-sm text-ink-2">
        A variable stands for a value that should not be the same in each run. Choose it beside a
        step’s value to use it there.
      </p>
      <fieldset disabled={editor.readOnly} className="flex max-w-3xl flex-col gap-4">
        {drafts.map((draft, i) => (
          <div
            key={i}
            className="grid items-start gap-3 rounded-md border border-line bg-panel p-3 sm:grid-cols-[12rem_12rem_minmax(0,1fr)_auto]"
          >
            <Field label="Name" error={faults[i]} hint={usedText(draft.name, steps)}>
              {(props) => (
                <Input
                  {...props}
                  value={draft.name}
                  spellCheck={false}
                  onChange={(event) => change(i, { name: event.target.value })}
                />
              )}
            </Field>
            <Field label="Its value">
              {(props) => (
                <Select
                  {...props}
                  value={draft.way}
                  onChange={(event) => change(i, { way: event.target.value as Draft["way"] })}
                >
                  <option value="recorded">as recorded</option>
                  <option value="rows">one of these rows</option>
                  <option value="unique">new in each run</option>
                </Select>
              )}
            </Field>
            {draft.way === "rows" ? (
              <Field label="Rows" hint="One value in each line; each is a run of its own">
                {(props) => (
                  <Textarea
                    {...props}
                    rows={3}
                    value={draft.rows}
                    spellCheck={false}
                    onChange={(event) => change(i, { rows: event.target.value })}
                  />
                )}
              </Field>
            ) : (
              <Field label="Note">
                {(props) => (
                  <Input
                    {...props}
                    value={draft.note}
                    onChange={(event) => change(i, { note: event.target.value })}
                  />
                )}
              </Field>
            )}
            {!editor.readOnly && (
              <Button
                look="quiet"
                size="icon"
                className="sm:mt-6"
                aria-label={`Remove the variable ${draft.name}`}
                onClick={() => setDrafts((old) => old.toSpliced(i, 1))}
              >
                <Trash2 aria-hidden="true" />
              </Button>
            )}
          </div>
        ))}
        {drafts.length === 0 && <p className="text-sm text-ink-3">There are none yet.</p>}
      </fieldset>
      {!editor.readOnly && (
        <div className="mt-4 flex gap-2">
          <Button
            onClick={() =>
              setDrafts((old) => [...old, { name: "", way: "unique", rows: "", note: "" }])
            }
          >
            <Plus aria-hidden="true" /> Add a variable
          </Button>
          {dirty && (
            <Button
              look="primary"
              type="submit"
              disabled={editor.busy || faults.some((fault) => fault)}
            >
              Keep the variables
            </Button>
          )}
        </div>
      )}
    </form>
  );
}

function draftOf({ name, rows, unique, note }: Variable): Draft {
  const way = unique ? "unique" : rows?.length ? "rows" : "recorded";
  return { name, way, rows: (rows ?? []).join("\n"), note: note ?? "" };
}

export function variableOf({ name, way, rows, note }: Draft): Variable {
  const list = rows.split("\n").filter((row) => row !== "");
  return {
    name: name.trim(),
    ...(way === "rows" && list.length > 0 ? { rows: list } : {}),
    ...(way === "unique" ? { unique: true } : {}),
    ...(note ? { note } : {}),
  };
}

export function faultsOf(drafts: { name: string }[]): (string | undefined)[] {
  const names = drafts.map((draft) => draft.name.trim());
  return names.map((name, i) => {
    if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name)) return "A letter, then letters, digits or _";
    return names.indexOf(name) < i ? "It is there twice." : undefined;
  });
}

function usedText(name: string, steps: Recording["steps"]): string {
  const used = steps.filter((step) =>
    [step.value, ...(step.values ?? [])].some((value) => value && value.variable === name),
  ).length;
  if (!name || used === 0) return "No step uses it.";
  return used === 1 ? "One step uses it." : `${used} steps use it.`;
}
