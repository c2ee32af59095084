import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, type ReactNode, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions, DialogBody } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { explain } from "@/lib/api";
import { useIdempotencyKey } from "@/lib/idempotency";
import { infoQuery } from "@/lib/queries";
import { suites, type Target, testCases } from "@/lib/suites-api";
import { keys } from "./keys";
import { useRecordings, useSourceList } from "./use-suites";

const MOST_RUNS = 100;
const MOST_FAULTS = 10_000;
/** So many sources can one job be told to read. */
const MOST_SOURCES = 100;

/** What can be made of a recording. */
export type Making = "tests" | "cases";

interface Props {
  project: string | undefined;
  /** The recording that is chosen at first. */
  recordingId?: string;
  onClose: () => void;
}

export default function GenerateDialog({ making, ...props }: Props & { making: Making }) {
  return making === "tests" ? <Tests {...props} /> : <Cases {...props} />;
}

function Tests({ project, recordingId, onClose }: Props) {
  const chosen = useChosen(project, recordingId);
  const [target, setTarget] = useState<Target>("typescript");
  const [learn, setLearn] = useState(true);
  const [verify, setVerify] = useState(true);
  const [runs, setRuns] = useState("5");
  const [faults, setFaults] = useState("200");
  const keyFor = useIdempotencyKey();
  const navigate = useNavigate();
  const bad = verify
    ? { runs: whole(runs, 1, MOST_RUNS), faults: whole(faults, 0, MOST_FAULTS) }
    : {};
  const send = useMutation({
    mutationFn: (id: string) => {
      const body = {
        ...{ recordingId: id, project: chosen.project, target, learn, verify },
        ...(verify ? { runs: Number(runs), mutants: Number(faults) } : {}),
      };
      return suites.generate(body, keyFor(body));
    },
    onSuccess: ({ jobId }) => navigate({ to: "/suites/$suiteId", params: { suiteId: jobId } }),
  });
  return (
    <Asked
      title="Generate tests"
      description="Writes a recording as tests for Playwright."
      label="Generate"
      ready={chosen.id !== "" && !bad.runs && !bad.faults}
      busy={send.isPending}
      error={send.error}
      send={() => send.mutate(chosen.id)}
      onClose={onClose}
    >
      <RecordingField {...chosen} />
      <Field
        label="Language"
        hint={
          target === "go"
            ? "A module for playwright-go. What is learnt and verified is the same flow in TypeScript, which is kept beside it."
            : "A Playwright Test project."
        }
      >
        {(props) => (
          <Select
            {...props}
            value={target}
            onChange={(event) => setTarget(event.target.value as Target)}
          >
            <option value="typescript">TypeScript</option>
            <option value="go">Go</option>
          </Select>
        )}
      </Field>
      <Field
        inline
        label="Learn assertions"
        hint="Runs the flow on its recording, and adds assertions of what its steps change."
      >
        {(props) => (
          <Checkbox
            {...props}
            checked={learn}
            onChange={(event) => setLearn(event.target.checked)}
          />
        )}
      </Field>
      <Field
        inline
        label="Verify"
        hint="Runs the tests on the recording’s network again and again, and with faults that they should notice."
      >
        {(props) => (
          <Checkbox
            {...props}
            checked={verify}
            onChange={(event) => setVerify(event.target.checked)}
          />
        )}
      </Field>
      {verify && (
        <div className="grid grid-cols-2 gap-4">
          <Field label="Runs" hint="Of each test." error={bad.runs}>
            {(props) => (
              <Input
                {...props}
                inputMode="numeric"
                value={runs}
                onChange={(event) => setRuns(event.target.value)}
              />
            )}
          </Field>
          <Field label="Faults" hint="0 is none." error={bad.faults}>
            {(props) => (
              <Input
                {...props}
                inputMode="numeric"
                value={faults}
                onChange={(event) => setFaults(event.target.value)}
              />
            )}
          </Field>
        </div>
      )}
    </Asked>
  );
}

function Cases({ project, recordingId, onClose }: Props) {
  const chosen = useChosen(project, recordingId);
  const sources = useSourceList(chosen.project ?? project);
  const model = useQuery(infoQuery).data?.model;
  const [left, setLeft] = useState<string[]>([]);
  const [improve, setImprove] = useState(false);
  const keyFor = useIdempotencyKey();
  const navigate = useNavigate();
  const client = useQueryClient();
  const own = (sources.data ?? []).filter(
    (source) => !chosen.project || source.project === chosen.project,
  );
  const taken = own.filter(({ sourceId }) => !left.includes(sourceId));
  const send = useMutation({
    mutationFn: (id: string) => {
      const ids = taken.map(({ sourceId }) => sourceId);
      const body = {
        ...{ recordingId: id, project: chosen.project },
        ...(ids.length < own.length ? { sources: ids } : {}),
        ...(model && improve ? { improve } : {}),
      };
      return testCases.generate(body, keyFor(body));
    },
    onSuccess: ({ jobId }) => {
      void client.invalidateQueries({ queryKey: keys.lists });
      void navigate({ to: "/suites/cases/$setId", params: { setId: jobId } });
    },
  });
  const fault =
    own.length > 0 && taken.length === 0
      ? "Choose one at least."
      : taken.length > MOST_SOURCES
        ? `At most ${MOST_SOURCES} can be read at once.`
        : undefined;
  return (
    <Asked
      title="Generate test cases"
      description="Makes cases of a recording and of what documents demand. Each says where it comes from."
      label="Generate"
      ready={chosen.id !== "" && !fault && sources.isSuccess}
      busy={send.isPending}
      error={send.error ?? sources.error}
      send={() => send.mutate(chosen.id)}
      onClose={onClose}
    >
      <RecordingField {...chosen} />
      <fieldset className="flex flex-col gap-1.5">
        <legend className="mb-1 text-sm font-medium">Documents to read</legend>
        {sources.isSuccess && own.length === 0 && (
          <p className="text-sm text-ink-2">
            There are none yet, so that the cases are of the recording alone.{" "}
            <Link to="/knowledge" className="underline underline-offset-2">
              Add a source
            </Link>
          </p>
        )}
        {own.map(({ sourceId, name, documents }) => (
          <label key={sourceId} className="flex items-center gap-2 text-sm">
            <Checkbox
              checked={!left.includes(sourceId)}
              onChange={(event) =>
                setLeft((old) =>
                  event.target.checked ? old.filter((id) => id !== sourceId) : [...old, sourceId],
                )
              }
            />
            <span className="min-w-0 truncate">{name}</span>
            <span className="num shrink-0 text-ink-3">
              {documents} {documents === 1 ? "document" : "documents"}
            </span>
          </label>
        ))}
        {fault && <p className="text-xs font-medium text-danger">{fault}</p>}
      </fieldset>
      {model && (
        <Field
          inline
          label="Improve by the model"
          hint={`Sends the cases and what they cite to ${model}, for clearer titles and missing cases. Expected results stay as they were derived.`}
        >
          {(props) => (
            <Checkbox
              {...props}
              checked={improve}
              onChange={(event) => setImprove(event.target.checked)}
            />
          )}
        </Field>
      )}
    </Asked>
  );
}

/** The recording that is chosen, and its project: what is made of it belongs there. */
function useChosen(project: string | undefined, first: string | undefined) {
  const [chosen, setId] = useState(first ?? "");
  const { data, error } = useRecordings(project);
  const items = data?.items.filter((item) => item.steps > 0 || item.recordingId === first);
  const id = chosen || (items?.length === 1 ? (items[0]?.recordingId ?? "") : "");
  return {
    ...{ id, setId, items, error },
    project: items?.find(({ recordingId }) => recordingId === id)?.project ?? project,
  };
}

function RecordingField({ id, setId, items, error }: ReturnType<typeof useChosen>) {
  const lost = id !== "" && !items?.some(({ recordingId }) => recordingId === id);
  return (
    <Field
      label="Recording"
      required
      error={
        error
          ? explain(error)
          : items?.length === 0
            ? "There is none yet: record a flow."
            : undefined
      }
    >
      {(props) => (
        <Select {...props} value={id} onChange={(event) => setId(event.target.value)}>
          {id === "" && <option value="">Choose…</option>}
          {lost && <option value={id}>This recording</option>}
          {items?.map(({ recordingId, name }) => (
            <option key={recordingId} value={recordingId}>
              {name || "Unnamed"}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

function Asked({
  title,
  description,
  label,
  ready,
  busy,
  error,
  send,
  onClose,
  children,
}: {
  title: string;
  description: string;
  label: string;
  ready: boolean;
  busy: boolean;
  error: unknown;
  send: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready && !busy) send();
  };
  return (
    <Dialog open onClose={onClose} title={title} description={description}>
      <form onSubmit={submit} className="contents">
        <DialogBody>
          <div className="flex flex-col gap-4">
            {children}
            {error != null && (
              <p role="alert" className="text-sm wrap-anywhere text-danger">
                {explain(error)}
              </p>
            )}
          </div>
        </DialogBody>
        <DialogActions>
          <Button onClick={onClose}>Leave it</Button>
          <Button look="primary" type="submit" disabled={!ready || busy}>
            {busy ? "Sending…" : label}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** What is wrong with a whole number; nothing when it is one within the bounds. */
function whole(text: string, least: number, most: number): string | undefined {
  const n = Number(text);
  if (/^\d+$/.test(text.trim()) && n >= least && n <= most) return undefined;
  return `A whole number from ${least} to ${most.toLocaleString()}.`;
}
