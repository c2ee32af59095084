import { useMutation } from "@tanstack/react-query";
import { clsx } from "clsx";
import { FileUp } from "lucide-react";
import { type DragEvent, type FormEvent, type ReactNode, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { useProfiles } from "@/features/live/use-profiles";
import { explain } from "@/lib/api";
import { type IngestAccepted, type IngestPreview, knowledge } from "@/lib/knowledge-api";
import { notify } from "@/lib/toast";
import { sourceKinds } from "./marks";

const ways = ["website", "documents", "jira", "bucket"] as const;
export type Adding = (typeof ways)[number];

/** Adds a source: what it is first, then what is needed to read it. */
export default function AddDialog({
  way,
  project,
  choose,
  onClose,
}: {
  way: Adding;
  project: string | undefined;
  choose: (way: Adding) => void;
  onClose: () => void;
}) {
  const Form = {
    website: WebsiteForm,
    documents: DocumentsForm,
    jira: JiraForm,
    bucket: BucketForm,
  }[way];
  const done = () => {
    notify("It is being read", "What is found can be searched as it comes.");
    onClose();
  };
  return (
    <Dialog open onClose={onClose} title="Add what the product should do">
      <div role="tablist" aria-label="Kind of source" className="flex flex-wrap gap-1 px-5 pb-2">
        {ways.map((kind) => {
          const { name, icon: Icon } = sourceKinds[kind];
          return (
            <button
              key={kind}
              type="button"
              role="tab"
              aria-selected={way === kind}
              className={clsx(
                "flex h-8 items-center gap-1.5 rounded-md px-2.5 text-sm",
                way === kind ? "bg-well font-semibold" : "text-ink-2 hover:bg-well",
              )}
              onClick={() => choose(kind)}
            >
              <Icon className="size-4" aria-hidden="true" /> {name}
            </button>
          );
        })}
      </div>
      <Form key={way} project={project} onDone={done} onClose={onClose} />
    </Dialog>
  );
}

interface FormProps {
  project: string | undefined;
  onDone: () => void;
  onClose: () => void;
}

/** A form whose failure is said beside its buttons. */
function Asked({
  send,
  check,
  error,
  busy,
  label,
  onClose,
  children,
}: {
  send: () => void;
  /** Tells what would be read, where that can be told. */
  check?: () => Promise<IngestPreview>;
  error: unknown;
  busy: boolean;
  label: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const form = useRef<HTMLFormElement>(null);
  const look = useMutation({ mutationFn: async () => check?.() });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) send();
  };
  return (
    <form ref={form} onSubmit={submit} className="contents">
      <DialogBody>
        <div className="flex flex-col gap-4">
          {children}
          {look.data && <Preview preview={look.data} />}
          {look.error && (
            <p role="alert" className="text-sm font-medium text-danger">
              {explain(look.error)}
            </p>
          )}
        </div>
      </DialogBody>
      {error ? (
        <p role="alert" className="px-5 pt-2 text-sm font-medium text-danger">
          {explain(error)}
        </p>
      ) : null}
      <DialogActions>
        {check && (
          <Button
            className="mr-auto"
            disabled={look.isPending}
            onClick={() => form.current?.reportValidity() && look.mutate()}
          >
            {look.isPending ? "Looking…" : "Look first"}
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" type="submit" disabled={busy}>
          {busy ? "Sending…" : label}
        </Button>
      </DialogActions>
    </form>
  );
}

/** What would be read, the first of it by name. */
function Preview({ preview }: { preview: IngestPreview }) {
  const { count, approximate, items, notes = [] } = preview;
  return (
    <section aria-label="What would be read" className="rounded-md bg-well p-3 text-sm">
      <p role="status" className="font-medium">
        {approximate ? "At least " : ""}
        <span className="num">{count.toLocaleString()}</span> would be read
      </p>
      {notes.map((note) => (
        <p key={note} className="text-ink-2">
          {note}
        </p>
      ))}
      <ul className="scroll-thin mt-1.5 flex max-h-40 flex-col gap-0.5 overflow-y-auto">
        {items.map(({ key, reason }) => (
          <li key={key} className="break-words">
            <span className={clsx("font-mono text-xs", reason && "text-ink-3 line-through")}>
              {key}
            </span>
            {reason && <span className="text-ink-2"> {reason}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function WebsiteForm({ project, onDone, onClose }: FormProps) {
  const [url, setURL] = useState("");
  const [maxDepth, setDepth] = useState(10);
  const [maxPages, setPages] = useState(1000);
  const [render, setRender] = useState(false);
  const [profile, setProfile] = useState("");
  const [every, setEvery] = useState("");
  const body = () => ({
    url: url.trim(),
    maxDepth,
    maxPages,
    ...(render ? { render } : {}),
    ...(profile ? { profile } : {}),
    ...(every ? { every } : {}),
  });
  const add = useMutation({
    mutationFn: () => knowledge.website({ ...body(), project }),
    onSuccess: onDone,
  });
  return (
    <Asked
      send={() => add.mutate()}
      check={() => knowledge.preview("website", body())}
      error={add.error}
      busy={add.isPending}
      label="Read the site"
      onClose={onClose}
    >
      <Field label="Address" required hint="robots.txt and sitemaps are heeded.">
        {(props) => (
          <Input
            {...props}
            type="url"
            required
            autoFocus
            placeholder="https://docs.example.com/"
            value={url}
            onChange={(event) => setURL(event.target.value)}
          />
        )}
      </Field>
      <div className="grid grid-cols-2 gap-4">
        <Field label="Depth" hint="Links away from the first page.">
          {(props) => (
            <Input
              {...props}
              type="number"
              min={0}
              max={100}
              value={maxDepth}
              onChange={(event) => setDepth(event.target.valueAsNumber)}
            />
          )}
        </Field>
        <Field label="Pages" hint="How many at most.">
          {(props) => (
            <Input
              {...props}
              type="number"
              min={1}
              max={100_000}
              value={maxPages}
              onChange={(event) => setPages(event.target.valueAsNumber)}
            />
          )}
        </Field>
      </div>
      <Field
        label="Load every page in a browser"
        hint="For sites whose text comes from scripts. It takes longer."
        inline
      >
        {(props) => (
          <Checkbox
            {...props}
            checked={render}
            onChange={(event) => setRender(event.target.checked)}
          />
        )}
      </Field>
      <LoginField project={project} value={profile} choose={setProfile} />
      <EveryField value={every} choose={setEvery} />
    </Asked>
  );
}

/** How often a source is read again. */
function EveryField({ value, choose }: { value: string; choose: (every: string) => void }) {
  return (
    <Field label="Read again" hint="What changed is read, and what is gone is taken out.">
      {(props) => (
        <Select {...props} value={value} onChange={(event) => choose(event.target.value)}>
          <option value="">Only when asked</option>
          <option value="1h">Every hour</option>
          <option value="24h">Every day</option>
          <option value="168h">Every week</option>
        </Select>
      )}
    </Field>
  );
}

/** Whose login a site is read with; nothing while no login was kept. */
function LoginField({
  project,
  value,
  choose,
}: {
  project: string | undefined;
  value: string;
  choose: (profile: string) => void;
}) {
  const { data: profiles = [] } = useProfiles(project);
  if (profiles.length === 0) return null;
  return (
    <Field label="Login" hint="Pages are read as whoever signed in when it was recorded.">
      {(props) => (
        <Select {...props} value={value} onChange={(event) => choose(event.target.value)}>
          <option value="">Nobody's</option>
          {profiles.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function JiraForm({ project, onDone, onClose }: FormProps) {
  const [jql, setJQL] = useState("");
  const [comments, setComments] = useState(true);
  const [attachments, setAttachments] = useState(false);
  const [every, setEvery] = useState("");
  const body = () => ({ jql: jql.trim(), comments, attachments, ...(every ? { every } : {}) });
  const add = useMutation({
    mutationFn: () => knowledge.jira({ ...body(), project }),
    onSuccess: onDone,
  });
  return (
    <Asked
      send={() => add.mutate()}
      check={() => knowledge.preview("jira", body())}
      error={add.error}
      busy={add.isPending}
      label="Read the issues"
      onClose={onClose}
    >
      <Field
        label="JQL"
        required
        hint="As in Jira's own search. The server's settings say where Jira is and who signs in."
      >
        {(props) => (
          <Textarea
            {...props}
            required
            autoFocus
            rows={3}
            className="font-mono"
            placeholder="project = SHOP AND type = Story"
            value={jql}
            onChange={(event) => setJQL(event.target.value)}
          />
        )}
      </Field>
      <Field label="Keep the comments too" inline>
        {(props) => (
          <Checkbox
            {...props}
            checked={comments}
            onChange={(event) => setComments(event.target.checked)}
          />
        )}
      </Field>
      <Field label="Read the attached documents too" inline>
        {(props) => (
          <Checkbox
            {...props}
            checked={attachments}
            onChange={(event) => setAttachments(event.target.checked)}
          />
        )}
      </Field>
      <EveryField value={every} choose={setEvery} />
    </Asked>
  );
}

function BucketForm({ project, onDone, onClose }: FormProps) {
  const [url, setURL] = useState("");
  const [prefix, setPrefix] = useState("");
  const [patterns, setPatterns] = useState("");
  const [every, setEvery] = useState("");
  const body = () => ({
    url: url.trim(),
    ...(every ? { every } : {}),
    ...(prefix.trim() ? { prefix: prefix.trim() } : {}),
    ...(patterns.trim()
      ? {
          patterns: patterns
            .split("\n")
            .map((p) => p.trim())
            .filter(Boolean),
        }
      : {}),
  });
  const add = useMutation({
    mutationFn: () => knowledge.bucket({ ...body(), project }),
    onSuccess: onDone,
  });
  return (
    <Asked
      send={() => add.mutate()}
      check={() => knowledge.preview("bucket", body())}
      error={add.error}
      busy={add.isPending}
      label="Read the files"
      onClose={onClose}
    >
      <Field
        label="Address"
        required
        hint="s3://, gs://, azblob:// or file:/// of the server. Its settings say which may be read, and hold the credentials."
      >
        {(props) => (
          <Input
            {...props}
            required
            autoFocus
            className="font-mono"
            pattern="(s3|gs|azblob|file)://.+"
            title="An address that begins with s3://, gs://, azblob:// or file:///"
            placeholder="s3://specs"
            value={url}
            onChange={(event) => setURL(event.target.value)}
          />
        )}
      </Field>
      <Field label="Prefix" hint="What the keys begin with, such as shop/.">
        {(props) => (
          <Input
            {...props}
            className="font-mono"
            value={prefix}
            onChange={(event) => setPrefix(event.target.value)}
          />
        )}
      </Field>
      <Field
        label="Patterns"
        hint="One a line: keys that are read, * for any text; ! before one leaves out."
      >
        {(props) => (
          <Textarea
            {...props}
            rows={3}
            className="font-mono"
            placeholder={"*.md\n!*/drafts/*"}
            value={patterns}
            onChange={(event) => setPatterns(event.target.value)}
          />
        )}
      </Field>
      <EveryField value={every} choose={setEvery} />
    </Asked>
  );
}

function DocumentsForm({ project, onDone, onClose }: FormProps) {
  const [files, setFiles] = useState<File[]>([]);
  const [name, setName] = useState("Documents");
  const [part, setPart] = useState(0);
  const add = useMutation<IngestAccepted>({
    mutationFn: () =>
      knowledge.upload(
        files,
        { name: name.trim() || "Documents", ...(project ? { project } : {}) },
        setPart,
      ),
    onSuccess: onDone,
  });
  return (
    <Asked
      send={() => files.length > 0 && add.mutate()}
      error={add.error}
      busy={add.isPending}
      label={files.length === 1 ? "Send 1 file" : `Send ${files.length || ""} files`}
      onClose={onClose}
    >
      <DropZone files={files} take={setFiles} />
      <Field label="Name" hint="Uploads of the same name are one source.">
        {(props) => (
          <Input
            {...props}
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      {add.isPending && (
        <progress aria-label="Sent" className="w-full accent-(--ink)" max={1} value={part} />
      )}
    </Asked>
  );
}

function DropZone({ files, take }: { files: File[]; take: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take([...event.dataTransfer.files]);
  };
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return (
    <>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to send"
        onChange={(event) => take([...(event.target.files ?? [])])}
      />
      <button
        type="button"
        className={clsx(
          "flex flex-col items-center gap-1.5 rounded-lg border border-dashed px-4 py-8 text-sm",
          over ? "border-ink bg-well" : "border-line-strong hover:bg-well",
        )}
        onClick={() => input.current?.click()}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <FileUp className="size-6 stroke-[1.5] text-ink-3" aria-hidden="true" />
        <span className="font-medium">
          {files.length === 0
            ? "Drop files here, or choose them"
            : `${files.length} ${files.length === 1 ? "file" : "files"}, ${Math.ceil(bytes / 1024).toLocaleString()} KiB`}
        </span>
        <span className="text-center text-xs text-ink-3">
          PDF, Office, HTML, Markdown, text, CSV, JSON, OpenAPI, Gherkin, tests, or a zip of these
        </span>
      </button>
      {files.length > 0 && (
        <ul aria-label="Files" className="scroll-thin max-h-28 overflow-y-auto text-xs text-ink-2">
          {files.map((file) => (
            <li key={file.name + file.size} className="truncate">
              {file.name}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
