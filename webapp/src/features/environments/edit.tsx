import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { useProfiles } from "@/features/live/use-profiles";
import { ApiError, explain } from "@/lib/api";
import { type Environment, environments, type SecretRef } from "@/lib/environments-api";
import { notify } from "@/lib/toast";
import { type Draft, draftOf, faultOf, type HeaderLine, settingsIn } from "./form";
import { keys } from "./keys";
import { Rows } from "./rows";

/** Adds an environment, or changes one as it was seen. */
export default function EditDialog({
  environment,
  project,
  onClose,
}: {
  /** The one to change; a new one without. */
  environment?: Environment;
  project: string;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(environment));
  const form = useRef<HTMLFormElement>(null);
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }));
  const save = useMutation({
    mutationFn: () =>
      environment
        ? environments.change(environment, settingsIn(draft), environment.version)
        : environments.create({ project, name: draft.name.trim() }, settingsIn(draft)),
    onSuccess: ({ name }) => {
      notify(environment ? `${name} was changed` : `${name} was added`);
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.all }),
  });
  useEffect(() => {
    if (save.error) showFault(form.current);
  }, [save.error]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  };
  const fault = (part: string) => faultOf(save.error, part);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={environment ? `Change ${environment.name}` : "Add an environment"}
    >
      <form ref={form} onSubmit={submit} className="contents">
        <DialogBody>
          <div className="flex flex-col gap-4">
            <Place draft={draft} change={change} fault={fault} named={!environment} />
            <Login
              project={project}
              value={draft.loginProfile}
              error={fault("/loginProfile")}
              choose={(loginProfile) => change({ loginProfile })}
            />
            <Access draft={draft} change={change} fault={fault} />
            <Reach draft={draft} change={change} fault={fault} />
          </div>
        </DialogBody>
        {save.error && (
          <p role="alert" className="px-5 pt-2 text-sm font-medium text-danger">
            {whyNot(save.error)}
          </p>
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" disabled={save.isPending}>
            {save.isPending ? "Saving…" : environment ? "Save" : "Add"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** What is wrong may be out of sight. */
function showFault(form: HTMLFormElement | null) {
  form
    ?.querySelector('[aria-invalid="true"], fieldset [role="alert"]')
    ?.scrollIntoView?.({ block: "center" });
}

const PRECONDITION_FAILED = 412;

function whyNot(error: unknown): string {
  if (error instanceof ApiError && error.problem.status === PRECONDITION_FAILED) {
    return `${error.message}. Close this and open it again to see what there is.`;
  }
  return explain(error);
}

interface PartProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  fault: (part: string) => string | undefined;
}

/** What it is called and where it is. */
function Place({ draft, change, fault, named }: PartProps & { named: boolean }) {
  return (
    <>
      <div className={named ? "grid gap-4 sm:grid-cols-2" : undefined}>
        {named && (
          <Field
            label="Name"
            required
            hint="Lower-case letters, digits, dots and dashes. It stays."
            error={fault("path/name") ?? fault("/name")}
          >
            {(props) => (
              <Input
                {...props}
                required
                autoFocus
                pattern="[a-z0-9][a-z0-9._\-]{0,63}"
                title="1 to 64 of a–z, 0–9, '.', '_' and '-'"
                autoComplete="off"
                placeholder="staging"
                value={draft.name}
                onChange={(event) => change({ name: event.target.value })}
              />
            )}
          </Field>
        )}
        <Field label="Title" hint="What people call it." error={fault("/title")}>
          {(props) => (
            <Input
              {...props}
              maxLength={200}
              value={draft.title}
              onChange={(event) => change({ title: event.target.value })}
            />
          )}
        </Field>
      </div>
      <Field
        label="Address"
        required
        hint="Where it begins. No user or password in it."
        error={fault("/baseUrl")}
      >
        {(props) => (
          <Input
            {...props}
            type="url"
            required
            placeholder="https://staging.example.com"
            value={draft.baseUrl}
            onChange={(event) => change({ baseUrl: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Tests that write may run here"
        hint="Without it, tests that change something there are refused."
        inline
      >
        {(props) => (
          <Checkbox
            {...props}
            checked={draft.writable}
            onChange={(event) => change({ writable: event.target.checked })}
          />
        )}
      </Field>
    </>
  );
}

/** Whose login tests begin with. One that is not kept here can stay chosen. */
function Login({
  project,
  value,
  error,
  choose,
}: {
  project: string;
  value: string;
  error: string | undefined;
  choose: (profile: string) => void;
}) {
  const { data: profiles = [] } = useProfiles(project);
  const names = new Set(profiles.map(({ name }) => name));
  if (value) names.add(value);
  return (
    <Field
      label="Login"
      hint="Tests begin signed in with it. A recording keeps one when it ends."
      error={error}
    >
      {(props) => (
        <Select {...props} value={value} onChange={(event) => choose(event.target.value)}>
          <option value="">Nobody's</option>
          {[...names].sort().map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      )}
    </Field>
  );
}

const noSecret: SecretRef = { name: "", ref: "" };
const noHeader: HeaderLine = { name: "", value: "" };

/** What is needed to be let in. */
function Access({ draft, change, fault }: PartProps) {
  return (
    <>
      <Rows
        legend="Secrets"
        one="secret"
        hint="Never the value: the name of a variable that the workers have, such as TAPEDECK_SECRET_SHOP."
        error={fault("/secrets")}
        columns={[
          { of: "name", label: "Name", placeholder: "token" },
          { of: "ref", label: "Reference", placeholder: "TAPEDECK_SECRET_SHOP" },
        ]}
        empty={noSecret}
        rows={draft.secrets}
        onRows={(secrets) => change({ secrets })}
      />
      <Rows
        legend="Headers"
        one="header"
        hint="Sent to the address's own host only. What is secret is written as ${secret:NAME}."
        error={fault("/headers")}
        columns={[
          { of: "name", label: "Name", placeholder: "Authorization" },
          // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person types
          { of: "value", label: "Value", placeholder: "Bearer ${secret:token}" },
        ]}
        empty={noHeader}
        rows={draft.headers}
        onRows={(headers) => change({ headers })}
      />
    </>
  );
}

/** What else may be reached, and what others should know. */
function Reach({ draft, change, fault }: PartProps) {
  return (
    <>
      <Field
        label="Other hosts that tests may reach"
        hint="One a line: api.example.com, *.example.com or localhost:8080. Else only the address's own."
        error={fault("/allowedHosts")}
      >
        {(props) => (
          <Textarea
            {...props}
            rows={2}
            className="font-mono"
            spellCheck={false}
            value={draft.allowedHosts}
            onChange={(event) => change({ allowedHosts: event.target.value })}
          />
        )}
      </Field>
      <Field label="Accept any certificate" inline>
        {(props) => (
          <Checkbox
            {...props}
            checked={draft.ignoreHttpsErrors}
            onChange={(event) => change({ ignoreHttpsErrors: event.target.checked })}
          />
        )}
      </Field>
      <Field label="Note" error={fault("/note")}>
        {(props) => (
          <Textarea
            {...props}
            rows={2}
            maxLength={4000}
            value={draft.note}
            onChange={(event) => change({ note: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}
