import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { type FieldErrors, useForm } from "react-hook-form";
import { CurlBox } from "@/components/curl-box";
import { Button } from "@/components/ui/button";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import {
  ApiError,
  api,
  apiURL,
  explain,
  type Job,
  type Kind,
  type Submission,
  unwrap,
} from "@/lib/api";
import { asCurl } from "@/lib/curl";
import { useIdempotencyKey } from "@/lib/idempotency";
import { notify } from "@/lib/toast";
import { InputField } from "./input-field";
import { allFields, fieldsOf, inputFrom, pointer, type Schema, typedFrom } from "./schema";
import { checkOptions, mapErrors, noOptions, type Options, submissionOf } from "./submission";

export interface FormValues {
  /** By pointer; the slashes are kept out of the form's own path grammar. */
  input: Record<string, string | boolean>;
  json: string;
  options: Options;
}

/** The name under which the form keeps the value of a pointer. */
export function formName(path: string): string {
  return encodeURIComponent(path).replaceAll(".", "%2E");
}

/** A kind's form: its input by its schema, the options of the queue, and the same as curl. */
export function SubmitForm({
  kind,
  like,
  project,
}: {
  kind: Kind;
  like: Job | undefined;
  project: string | undefined;
}) {
  const navigate = useNavigate();
  const fields = useMemo(() => fieldsOf(kind.inputSchema as Schema), [kind]);
  const plain = fields.length > 0;
  const [asJson, setAsJson] = useState(!plain);
  const keyFor = useIdempotencyKey();
  const [rest, setRest] = useState<string[]>([]);
  const form = useForm<FormValues>({ defaultValues: initial(fields, like, project) });
  const values = form.watch();
  const draft = submissionFrom(kind, fields, values, asJson);

  const submit = useMutation({
    mutationFn: (submission: Submission) =>
      unwrap(
        api.POST("/api/jobs", {
          body: submission,
          params: { header: { "Idempotency-Key": keyFor(submission) } },
        }),
      ) as Promise<Job>,
    onSuccess: (job) => {
      notify("Submitted", `${job.kind} is ${job.status}`);
      void navigate({ to: "/jobs/$jobId", params: { jobId: job.jobId } });
    },
    onError: (error) => setRest(showErrors(error)),
  });

  function showErrors(error: unknown): string[] {
    if (!(error instanceof ApiError)) return [explain(error)];
    const known = new Set([
      ...allFields(fields).map((field) => `/input${pointer(field.path)}`),
      ...Object.keys(noOptions).map((name) => `/${name}`),
      "/retry/maxAttempts",
    ]);
    const mapped = mapErrors(error.problem, known);
    for (const [path, message] of Object.entries(mapped.fields)) {
      const own = path.replace(/^\/input/, "");
      if (path.startsWith("/input/") && !asJson) {
        form.setError(`input.${formName(own)}`, { message });
      } else if (path.startsWith("/input")) mapped.rest.push(`${path}: ${message}`);
      else {
        const name = path === "/retry/maxAttempts" ? "maxAttempts" : path.slice(1);
        form.setError(`options.${name as keyof Options}`, { message });
      }
    }
    const told = mapped.rest.length > 0 || Object.keys(mapped.fields).length > 0;
    return told ? mapped.rest : [explain(error)];
  }

  const send = form.handleSubmit((now) => {
    setRest([]);
    const made = submissionFrom(kind, fields, now, asJson);
    for (const { path, message } of made.faults) {
      form.setError(asJson ? "json" : `input.${formName(path)}`, { message });
    }
    const faults = checkOptions(now.options);
    for (const [name, message] of Object.entries(faults)) {
      form.setError(`options.${name as keyof Options}`, { message });
    }
    if (made.faults.length === 0 && Object.keys(faults).length === 0) {
      submit.mutate(made.submission);
    }
  });

  const toggle = (json: boolean) => {
    if (json && draft.faults.length === 0) {
      form.setValue("json", JSON.stringify(draft.submission.input, null, 2));
    } else if (!json) {
      const typed = typedFrom(fields, draft.submission.input);
      for (const [path, value] of Object.entries(typed)) {
        form.setValue(`input.${formName(path)}`, value);
      }
    }
    form.clearErrors();
    setAsJson(json);
  };

  const errors = form.formState.errors;
  return (
    <form
      noValidate
      onSubmit={(event) => void send(event)}
      className="grid grid-cols-[minmax(0,1fr)] gap-x-10 gap-y-6 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]"
    >
      <div className="flex min-w-0 flex-col gap-6">
        {rest.length > 0 && (
          <div
            role="alert"
            className="rounded-md border border-danger/40 border-l-4 border-l-danger bg-panel px-3 py-2 text-sm"
          >
            {rest.map((line) => (
              <p key={line}>{line}</p>
            ))}
          </div>
        )}
        <fieldset className="flex flex-col gap-4">
          <legend className="mb-3 flex w-full items-center justify-between text-base font-semibold">
            Input
            {plain && (
              <Button size="sm" look="quiet" onClick={() => toggle(!asJson)}>
                {asJson ? "Edit as a form" : "Edit as JSON"}
              </Button>
            )}
          </legend>
          {asJson ? (
            <Field label="Input as JSON" error={errors.json?.message}>
              {(props) => (
                <Textarea
                  {...props}
                  {...form.register("json")}
                  rows={10}
                  spellCheck={false}
                  className="font-mono text-xs"
                />
              )}
            </Field>
          ) : (
            <div className="grid gap-4 sm:grid-cols-2">
              {fields.map((field) => (
                <InputField key={pointer(field.path)} field={field} form={form} />
              ))}
            </div>
          )}
        </fieldset>
        <OptionFields kind={kind} form={form} errors={errors} />
      </div>
      <aside className="flex min-w-0 flex-col gap-3 lg:sticky lg:top-4 lg:self-start">
        <Button look="primary" type="submit" disabled={submit.isPending} className="h-9!">
          {submit.isPending ? "Submitting…" : `Submit ${kind.title}`}
        </Button>
        <CurlBox text={asCurl(apiURL("/api/jobs"), draft.submission)} />
      </aside>
    </form>
  );
}

function initial(
  fields: ReturnType<typeof fieldsOf>,
  like: Job | undefined,
  project: string | undefined,
): FormValues {
  const input: FormValues["input"] = {};
  for (const [path, value] of Object.entries(typedFrom(fields, like?.input))) {
    input[formName(path)] = value;
  }
  const labels = Object.entries(like?.labels ?? {});
  return {
    input,
    json: JSON.stringify(like?.input ?? {}, null, 2),
    options: {
      ...noOptions,
      project: like?.project ?? project ?? "",
      priority: like && like.priority !== "normal" ? like.priority : "",
      labels: labels.map(([name, value]) => `${name}:${value}`).join("\n"),
    },
  };
}

function submissionFrom(
  kind: Kind,
  fields: ReturnType<typeof fieldsOf>,
  values: FormValues,
  asJson: boolean,
) {
  if (!asJson) {
    const typed = Object.fromEntries(
      Object.entries(values.input).map(([name, value]) => [decodeURIComponent(name), value]),
    );
    const { input, faults } = inputFrom(fields, typed);
    return { submission: submissionOf(kind, input, values.options), faults };
  }
  try {
    const input = JSON.parse(values.json || "{}");
    return { submission: submissionOf(kind, input, values.options), faults: [] };
  } catch {
    const faults = [{ path: "", message: "This is not JSON." }];
    return { submission: submissionOf(kind, {}, values.options), faults };
  }
}

function OptionFields({
  kind,
  form,
  errors,
}: {
  kind: Kind;
  form: ReturnType<typeof useForm<FormValues>>;
  errors: FieldErrors<FormValues>;
}) {
  const text = (name: keyof Options, label: string, placeholder: string, hint?: string) => (
    <Field label={label} hint={hint} error={errors.options?.[name]?.message}>
      {(props) => (
        <Input {...props} {...form.register(`options.${name}`)} placeholder={placeholder} />
      )}
    </Field>
  );
  return (
    <fieldset>
      <legend className="mb-3 text-base font-semibold">Options</legend>
      <div className="grid gap-4 sm:grid-cols-2">
        {text("queue", "Queue", kind.queue)}
        <Field label="Priority" error={errors.options?.priority?.message}>
          {(props) => (
            <Select {...props} {...form.register("options.priority")}>
              <option value="">{kind.defaults?.priority ?? "normal"} (default)</option>
              <option value="high">High</option>
              <option value="normal">Normal</option>
              <option value="low">Low</option>
            </Select>
          )}
        </Field>
        {text("delay", "Delay", "none", "Such as 30s or 1h30m")}
        {text("timeout", "Timeout of an attempt", kind.defaults?.timeout ?? "none")}
        {text("maxAttempts", "Attempts at most", String(kind.defaults?.retry?.maxAttempts ?? 3))}
        {text("project", "Project", "default")}
        <Field
          label="Labels"
          hint="key:value, one on each line"
          error={errors.options?.labels?.message}
          className="sm:col-span-2"
        >
          {(props) => (
            <Textarea
              {...props}
              {...form.register("options.labels")}
              rows={2}
              placeholder="env:staging"
            />
          )}
        </Field>
      </div>
    </fieldset>
  );
}
