import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { clsx } from "clsx";
import { Circle, FileJson, Monitor, Smartphone, Tablet } from "lucide-react";
import { useState } from "react";
import { type FieldPath, type UseFormReturn, useForm } from "react-hook-form";
import { CurlBox } from "@/components/curl-box";
import { Button } from "@/components/ui/button";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { keys } from "@/features/live/keys";
import { useProfiles } from "@/features/live/use-profiles";
import { ApiError, apiURL, explain } from "@/lib/api";
import { asCurl } from "@/lib/curl";
import { useIdempotencyKey } from "@/lib/idempotency";
import { recorder } from "@/lib/recorder-api";
import { captures, type SessionInput } from "@/lib/recording";
import { presets, readScript, type StartValues, sessionInput, startDefaults } from "./start";

type Form = UseFormReturn<StartValues>;

/** Where to begin and with which browser. All but the address may be left as it is. */
export function StartForm({
  project,
  initial,
}: {
  project: string | undefined;
  initial: Partial<StartValues>;
}) {
  const navigate = useNavigate();
  const form = useForm<StartValues>({ defaultValues: { ...startDefaults, ...initial } });
  const [rest, setRest] = useState<string[]>([]);
  const keyFor = useIdempotencyKey();
  const script = form.watch("mode") === "script";
  const start = useMutation({
    mutationFn: (input: SessionInput) => recorder.start(input, keyFor(input)),
    onSuccess: ({ sessionId }) =>
      void navigate({ to: "/record/$sessionId", params: { sessionId } }),
    onError: (error) => setRest(showErrors(form, error)),
  });
  const send = form.handleSubmit((values) => {
    setRest([]);
    const { input, faults } = sessionInput(values, project);
    const names = Object.keys(faults) as FieldPath<StartValues>[];
    for (const [i, name] of names.entries()) {
      const message = faults[name as keyof StartValues];
      form.setError(name, { message }, { shouldFocus: i === 0 });
    }
    if (names.length === 0) start.mutate(input);
  });
  return (
    <form
      noValidate
      onSubmit={(event) => void send(event)}
      className="grid grid-cols-[minmax(0,1fr)] gap-x-10 gap-y-6 xl:grid-cols-[minmax(0,46rem)_minmax(0,24rem)]"
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
        <Where form={form} script={script} pending={start.isPending} />
        <Mode form={form} />
        {script && <ScriptField form={form} />}
        <div className="grid gap-4 sm:grid-cols-2">
          <Text form={form} name="name" label="Name" placeholder="The page's title" />
          <Text form={form} name="folder" label="Folder" placeholder="Top" hint="With slashes" />
        </div>
        <ScreenChoice form={form} />
        <Advanced form={form} project={project} />
      </div>
      <aside className="flex min-w-0 flex-col gap-5 xl:pt-6">
        <HowItGoes />
        <CurlBox
          text={asCurl(apiURL("/api/recorder/sessions"), sessionInput(form.watch(), project).input)}
        />
      </aside>
    </form>
  );
}

function HowItGoes() {
  return (
    <section
      aria-label="How it goes"
      className="rounded-md border border-line bg-panel p-3 text-sm"
    >
      <ol className="flex list-decimal flex-col gap-1.5 pl-5 text-ink-2">
        <li>Click and type on the live page; steps appear beside it as you go.</li>
        <li>Claim what must be so with “Assert”, or take over what is suggested.</li>
        <li>Stop to keep everything. It can then be edited, run again and made into tests.</li>
      </ol>
      <p className="mt-2.5 border-t border-line pt-2.5 text-xs text-ink-2">
        Passwords and one-time codes never reach a disk: steps hold placeholders.
      </p>
    </section>
  );
}

/** Puts the server's faults at their fields; answers those that fit none. */
function showErrors(form: Form, error: unknown): string[] {
  if (!(error instanceof ApiError)) return [explain(error)];
  const places: Record<string, FieldPath<StartValues>> = {
    httpCredentials: "username",
    proxy: "proxyServer",
    extraHeaders: "headers",
    timeLimitMs: "minutes",
    steps: "script",
    chromeRecording: "script",
    viewport: "width",
  };
  const rest: string[] = [];
  for (const { path, message } of error.problem.errors ?? []) {
    const first = path.replace(/^\/?(input\/)?/, "").split("/")[0] ?? "";
    const name = places[first] ?? (first in startDefaults ? first : undefined);
    if (name) form.setError(name as FieldPath<StartValues>, { message: `${message}` });
    else rest.push(`${path}: ${message}`);
  }
  return error.problem.errors?.length ? rest : [explain(error)];
}

function Where({ form, script, pending }: { form: Form; script: boolean; pending: boolean }) {
  const error = form.formState.errors.url?.message;
  return (
    <div className="flex flex-wrap items-start gap-3">
      <Field
        label="Address"
        error={error}
        hint={script ? "Empty: where the script itself begins" : undefined}
        className="min-w-64 grow"
      >
        {(props) => (
          <Input
            {...props}
            {...form.register("url")}
            autoFocus
            inputMode="url"
            autoComplete="url"
            spellCheck={false}
            placeholder="shop.example/cart or localhost:3000"
            className="h-11! text-base!"
          />
        )}
      </Field>
      <Button look="primary" type="submit" disabled={pending} className="mt-6 h-11! px-5!">
        <Circle aria-hidden="true" className="fill-danger text-danger" />
        {pending ? "Starting…" : "Start recording"}
      </Button>
    </div>
  );
}

function Mode({ form }: { form: Form }) {
  const mode = form.watch("mode");
  return (
    <fieldset>
      <legend className="mb-1.5 text-sm font-medium">Who does it</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        <Choice
          form={form}
          name="mode"
          value="interactive"
          on={mode === "interactive"}
          title="I do"
          detail="Drive the browser here, live; every action becomes a step."
        />
        <Choice
          form={form}
          name="mode"
          value="script"
          on={mode === "script"}
          title="A script does"
          detail="Run steps from recording.json or from Chrome's recorder."
        />
      </div>
    </fieldset>
  );
}

function Choice({
  form,
  name,
  value,
  on,
  title,
  detail,
  icon,
}: {
  form: Form;
  name: "mode" | "screen";
  value: string;
  on: boolean;
  title: string;
  detail: string;
  icon?: React.ReactNode;
}) {
  return (
    <label
      className={clsx(
        "flex cursor-pointer items-center gap-3 rounded-md border px-3 py-2 has-focus-visible:outline-2 has-focus-visible:outline-focus",
        on ? "border-ink bg-select" : "border-line bg-panel hover:border-line-strong",
      )}
    >
      <input type="radio" value={value} {...form.register(name)} className="accent-(--ink)" />
      {icon && <span className="text-ink-3 [&_svg]:size-4">{icon}</span>}
      <span className="min-w-0">
        <span className="block text-sm font-medium">{title}</span>
        <span className="block text-xs text-ink-2">{detail}</span>
      </span>
    </label>
  );
}

function ScriptField({ form }: { form: Form }) {
  const text = form.watch("script");
  const [over, setOver] = useState(false);
  const read = text.trim() ? readScript(text) : null;
  const put = (value: string) => {
    form.setValue("script", value);
    form.clearErrors("script");
    const made = readScript(value);
    if ("name" in made && made.name && !form.getValues("name")) form.setValue("name", made.name);
  };
  const take = async (file: File | undefined) => {
    if (file) put(await file.text());
  };
  const fault =
    form.formState.errors.script?.message ?? (read && "fault" in read ? read.fault : "");
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a file can be dropped or chosen below
    <div
      className={clsx(
        "rounded-md border border-dashed p-3",
        over ? "border-focus" : "border-line-strong",
      )}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer.files[0]);
      }}
    >
      <Field label="Script" hint="Paste it, or drop its file here" error={fault || undefined}>
        {(props) => (
          <Textarea
            {...props}
            rows={6}
            spellCheck={false}
            className="font-mono text-xs"
            placeholder='{"format": "tapedeck.recording/1", "steps": […]}'
            value={text}
            onChange={(event) => put(event.target.value)}
          />
        )}
      </Field>
      <div className="mt-2 flex flex-wrap items-center gap-3 text-sm">
        <label className="cursor-pointer underline decoration-line-strong underline-offset-3 has-focus-visible:outline-2 has-focus-visible:outline-focus">
          Choose a file
          <input
            type="file"
            accept=".json,application/json"
            className="sr-only"
            onChange={(event) => void take(event.target.files?.[0])}
          />
        </label>
        {read && "summary" in read && (
          <span className="flex items-center gap-1.5 text-good" role="status">
            <FileJson className="size-4" aria-hidden="true" /> {read.summary}
          </span>
        )}
      </div>
    </div>
  );
}

const screenIcons: Record<string, React.ReactNode> = {
  desktop: <Monitor />,
  wide: <Monitor />,
  tablet: <Tablet />,
  phone: <Smartphone />,
};

function ScreenChoice({ form }: { form: Form }) {
  const screen = form.watch("screen");
  return (
    <fieldset>
      <legend className="mb-1.5 text-sm font-medium">Screen</legend>
      <div className="grid grid-cols-2 gap-2 sm:grid-cols-3">
        {presets.map(({ value, label, width, height }) => (
          <Choice
            key={value}
            form={form}
            name="screen"
            value={value}
            on={screen === value}
            title={label}
            detail={`${width} × ${height}`}
            icon={screenIcons[value]}
          />
        ))}
        <Choice
          form={form}
          name="screen"
          value="device"
          on={screen === "device"}
          title="A device"
          detail="By its name"
        />
        <Choice
          form={form}
          name="screen"
          value="own"
          on={screen === "own"}
          title="Own size"
          detail="In CSS pixels"
        />
      </div>
      {screen === "device" && <DeviceField form={form} />}
      {screen === "own" && (
        <div className="mt-3 grid grid-cols-2 gap-4 sm:grid-cols-3">
          <Text form={form} name="width" label="Width" inputMode="numeric" />
          <Text form={form} name="height" label="Height" inputMode="numeric" />
          <Check form={form} name="mobile" label="A touch screen" />
        </div>
      )}
    </fieldset>
  );
}

function DeviceField({ form }: { form: Form }) {
  const devices = useQuery({
    queryKey: keys.devices,
    queryFn: ({ signal }) => recorder.devices(signal),
  });
  return (
    <Field
      label="Device"
      className="mt-3"
      error={
        form.formState.errors.device?.message ??
        (devices.isError ? explain(devices.error) : undefined)
      }
    >
      {(props) => (
        <Select {...props} {...form.register("device")} className="max-w-full">
          <option value="">{devices.isPending ? "Reading…" : "Choose one"}</option>
          {devices.data?.map(({ name, viewport }) => (
            <option key={name} value={name}>
              {name} – {viewport.width} × {viewport.height}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function ProfileField({ form, project }: { form: Form; project: string | undefined }) {
  const profiles = useProfiles(project);
  return (
    <Field
      label="Login profile"
      hint="Begin signed in; one that has run out is signed in again"
      error={
        form.formState.errors.profile?.message ??
        (profiles.isError ? explain(profiles.error) : undefined)
      }
    >
      {(props) => (
        <Select {...props} {...form.register("profile")}>
          <option value="">{profiles.data?.length === 0 ? "None was kept yet" : "None"}</option>
          {profiles.data?.map(({ name, expired }) => (
            <option key={name} value={name}>
              {expired ? `${name} (run out)` : name}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function Advanced({ form, project }: { form: Form; project: string | undefined }) {
  const faulty = Object.keys(form.formState.errors).some((name) => advanced.has(name));
  const [open, setOpen] = useState(false);
  return (
    <details
      open={open || faulty}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className="rounded-md border border-line bg-panel"
    >
      <summary className="px-3 py-2 text-sm font-medium">
        More about the browser, the network and what is kept
      </summary>
      <div className="flex flex-col gap-6 border-t border-line px-3 py-4">
        <Group title="Browser">
          <Text form={form} name="locale" label="Language" placeholder="en-GB" />
          <Text form={form} name="timezone" label="Time zone" placeholder="Europe/Vienna" />
          <Field label="Colours">
            {(props) => (
              <Select {...props} {...form.register("colorScheme")}>
                <option value="">As the browser has them</option>
                <option value="light">Light</option>
                <option value="dark">Dark</option>
              </Select>
            )}
          </Field>
          <Text form={form} name="userAgent" label="User agent" placeholder="The browser's own" />
          <Text
            form={form}
            name="slowMoMs"
            label="Slow motion"
            hint="Milliseconds between a script's actions"
            inputMode="numeric"
          />
          <Text
            form={form}
            name="minutes"
            label="Time limit"
            hint="Minutes; it then ends and is kept"
            inputMode="numeric"
          />
        </Group>
        <Group title="Signing in">
          <ProfileField form={form} project={project} />
          <Text
            form={form}
            name="saveProfile"
            label="Keep the login as"
            hint="A name: cookies and storage at the end become a login profile"
            placeholder="ada"
          />
          <Long
            form={form}
            name="secrets"
            label="Secrets"
            hint="A name in each line; name=reference for one of the server's. Values are never kept."
            placeholder={"shop_password\nlogin=TAPEDECK_SECRET_LOGIN"}
          />
          <Text form={form} name="username" label="HTTP user" />
          <Text
            form={form}
            name="passwordRef"
            label="Secret with its password"
            placeholder="TAPEDECK_SECRET_STAGING"
          />
        </Group>
        <Group title="Network">
          <Long
            form={form}
            name="headers"
            label="Headers"
            hint="Name: value, one on each line; ${secret:NAME} stands for a secret"
          />
          <Check form={form} name="ignoreHttpsErrors" label="Accept broken certificates" />
          <Text
            form={form}
            name="proxyServer"
            label="Proxy"
            placeholder="http://proxy.example:3128"
          />
          <Text form={form} name="proxyBypass" label="Not by the proxy" placeholder=".example" />
          <Text form={form} name="proxyUsername" label="Proxy user" />
          <Text form={form} name="proxyPasswordRef" label="Secret with the proxy's password" />
        </Group>
        <fieldset>
          <legend className="mb-2 text-sm font-semibold">Kept beside the steps</legend>
          <div className="flex flex-wrap gap-x-6 gap-y-2">
            {captures.map((name) => (
              <Check key={name} form={form} name={`capture.${name}`} label={captureNames[name]} />
            ))}
          </div>
        </fieldset>
      </div>
    </details>
  );
}

const captureNames = {
  video: "Video",
  trace: "Trace",
  har: "Network",
  screenshots: "Screenshots",
  dom: "DOM snapshots",
  console: "Console",
};

const advanced = new Set([
  ...[
    "locale",
    "timezone",
    "userAgent",
    "colorScheme",
    "slowMoMs",
    "minutes",
    "profile",
    "saveProfile",
  ],
  ...["secrets", "username", "passwordRef", "headers", "proxyServer", "proxyBypass"],
  ...["proxyUsername", "proxyPasswordRef"],
]);

function Group({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <fieldset>
      <legend className="mb-2 text-sm font-semibold">{title}</legend>
      <div className="grid items-start gap-4 sm:grid-cols-2">{children}</div>
    </fieldset>
  );
}

type TextName = Exclude<keyof StartValues, "capture" | "mobile" | "ignoreHttpsErrors">;

function Text({
  form,
  name,
  label,
  hint,
  ...rest
}: {
  form: Form;
  name: TextName;
  label: string;
  hint?: string;
  placeholder?: string;
  inputMode?: "numeric";
}) {
  return (
    <Field label={label} hint={hint} error={form.formState.errors[name]?.message}>
      {(props) => <Input {...props} {...form.register(name)} spellCheck={false} {...rest} />}
    </Field>
  );
}

function Long({
  form,
  name,
  label,
  hint,
  placeholder,
}: {
  form: Form;
  name: TextName;
  label: string;
  hint: string;
  placeholder?: string;
}) {
  return (
    <Field label={label} hint={hint} error={form.formState.errors[name]?.message}>
      {(props) => (
        <Textarea
          {...props}
          {...form.register(name)}
          rows={2}
          spellCheck={false}
          placeholder={placeholder}
        />
      )}
    </Field>
  );
}

function Check({
  form,
  name,
  label,
}: {
  form: Form;
  name: "mobile" | "ignoreHttpsErrors" | `capture.${keyof StartValues["capture"]}`;
  label: string;
}) {
  return (
    <Field label={label} inline>
      {(props) => <Checkbox {...props} {...form.register(name)} />}
    </Field>
  );
}
