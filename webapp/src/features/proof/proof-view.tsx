import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { FlaskConical, FlaskConicalOff, SearchX } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { Fault, Notice } from "@/components/fault";
import { isFinal } from "@/components/status";
import { Button } from "@/components/ui/button";
import type { Job } from "@/lib/api";
import type { Proof } from "@/lib/proof-api";
import { standings } from "@/lib/proof-score";
import { duration, integer } from "@/lib/time";
import { Checks } from "./checks";
import { Evidence } from "./evidence";
import { Grid } from "./grid";
import { Legend } from "./legend";
import { ProofStatus } from "./marks";
import { filtered, findCell, matrixOf } from "./matrix";
import { Repairs } from "./repairs";
import { RestLine } from "./rest";
import { type Filter, filters, type ProofPlace } from "./search";
import { Summary } from "./summary";
import { useProof } from "./use-proof";

/** What a verification has found out, live while its job runs. */
export default function ProofView({
  job,
  place,
  onPlace,
}: {
  job: Job;
  place: ProofPlace;
  onPlace: (next: ProofPlace) => void;
}) {
  const { data: proof, error, refetch } = useProof(job.jobId);
  if (error && proof === undefined) return <Fault error={error} retry={() => void refetch()} />;
  if (proof === undefined) return <p className="p-6 text-sm text-ink-3">Reading…</p>;
  if (proof === null) return <NoProof job={job} />;
  return <Shown job={job} proof={proof} place={place} onPlace={onPlace} />;
}

function NoProof({ job }: { job: Job }) {
  if (!isFinal(job.status)) {
    return (
      <Notice icon={<FlaskConical />} title="The proof has not begun yet">
        {job.status === "running"
          ? `${job.progress?.message || "reading the project"}…`
          : "It begins when a worker takes the job and has read the project."}
      </Notice>
    );
  }
  return (
    <Notice
      alert={job.error !== undefined}
      icon={<FlaskConicalOff />}
      title={job.error ? "The project could not be verified" : "No proof was begun"}
    >
      <p className="wrap-anywhere">{job.error?.message ?? `The job was ${job.status} before.`}</p>
      {job.error?.detail && (
        <pre className="scroll-thin mt-3 max-h-60 overflow-auto rounded-md border border-line bg-panel p-2 text-left font-mono text-xs whitespace-pre-wrap">
          {job.error.detail}
        </pre>
      )}
    </Notice>
  );
}

function Shown({
  job,
  proof,
  place,
  onPlace,
}: {
  job: Job;
  proof: Proof;
  place: ProofPlace;
  onPlace: (next: ProofPlace) => void;
}) {
  const live = proof.status === "running" && !isFinal(job.status);
  const whole = useMemo(() => matrixOf(proof, live), [proof, live]);
  const matrix = useMemo(() => filtered(whole, place.show), [whole, place.show]);
  const ranked = useMemo(() => standings(proof), [proof]);
  const found = findCell(whole, place.cell);
  const area = useRef<HTMLDivElement>(null);
  useBackToCell(area, found !== undefined);
  return (
    <div className="flex min-h-0 grow border-t border-line">
      <div
        ref={area}
        className="scroll-thin flex min-w-0 grow flex-col gap-4 overflow-y-auto px-4 py-4 md:px-6 [&>*]:shrink-0"
      >
        <Head proof={proof} />
        <Troubles job={job} proof={proof} />
        {proof.rest && <RestLine proof={proof} rest={proof.rest} />}
        <Summary standings={ranked} />
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <h2 className="text-base font-semibold">Every run and every fault</h2>
          <Filters show={place.show} onShow={(show) => onPlace({ show })} />
        </div>
        {matrix.rows.length > 0 ? (
          <Grid
            key={place.show ?? ""}
            matrix={matrix}
            open={place.cell}
            onOpen={(cell) => onPlace({ cell })}
          />
        ) : (
          <Notice
            icon={<SearchX />}
            title={place.show === "failed" ? "No run failed" : "No fault survived"}
            actions={<Button onClick={() => onPlace({ show: undefined })}>Show everything</Button>}
          >
            {live && "One that does appears here by itself."}
          </Notice>
        )}
        <Legend matrix={whole} />
        <Repairs proof={proof} />
        <Checks proof={proof} />
      </div>
      {found && (
        <Evidence
          jobId={job.jobId}
          {...found}
          cell={whole.cell(found.test, found.column)}
          onClose={() => onPlace({ cell: undefined })}
        />
      )}
    </div>
  );
}

/** Whoever closes the evidence is back in the grid. */
function useBackToCell(area: React.RefObject<HTMLElement | null>, open: boolean) {
  const was = useRef(open);
  useEffect(() => {
    if (was.current && !open) {
      area.current?.querySelector<HTMLElement>('[role="gridcell"][tabindex="0"]')?.focus();
    }
    was.current = open;
  }, [area, open]);
}

function Head({ proof }: { proof: Proof }) {
  const { status, name, mode, environment, recordings = [], seed, mutants, mutantsOf } = proof;
  const proven = proof.verdicts.filter((verdict) => verdict.proven).length;
  return (
    <div className="flex flex-wrap items-baseline gap-x-6 gap-y-1 text-sm">
      <h2 className="text-base font-semibold">
        {name}: <ProofStatus status={status} />
      </h2>
      <dl className="contents">
        {status !== "running" && (
          <Fact name="Proven">
            {integer(proven)} of {integer(proof.tests.length)}{" "}
            {proof.tests.length === 1 ? "test" : "tests"}
          </Fact>
        )}
        {mode === "live" ? (
          <Fact name="On">{environment || "a live site"}</Fact>
        ) : (
          <Fact name="On the twin of">
            {recordings.map((recording, i) => (
              <span key={recording.recordingId}>
                {i > 0 && ", "}
                <Link
                  to="/recordings/$recordingId"
                  params={{ recordingId: recording.recordingId }}
                  search={{ v: recording.version }}
                  className="underline decoration-line-strong underline-offset-3 hover:decoration-ink"
                >
                  {recording.name || "a recording"}
                </Link>
              </span>
            ))}
          </Fact>
        )}
        {mutantsOf > 0 && (
          <Fact name="Faults">
            {integer(mutants.length)} of {integer(mutantsOf)} chosen
          </Fact>
        )}
        <Fact name="Seed">{String(seed)}</Fact>
        {proof.durationMs !== undefined && <Fact name="Took">{duration(proof.durationMs)}</Fact>}
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex gap-1.5">
      <dt className="shrink-0 text-ink-3">{name}</dt>
      <dd className="num min-w-0 wrap-anywhere">{children}</dd>
    </div>
  );
}

/** What stands in the way of the proof, and what should be known about it. */
function Troubles({ job, proof: { status, reason, notes = [] } }: { job: Job; proof: Proof }) {
  const gaveUp = status === "running" && isFinal(job.status);
  return (
    <>
      {gaveUp && (
        <Trouble bad>
          The job was {job.status} before the proof was finished
          {job.error ? `: ${job.error.message}` : "."}
        </Trouble>
      )}
      {reason && <Trouble bad={status !== "stopped"}>{sentence(status, reason)}</Trouble>}
      {notes.length > 0 && (
        <Trouble>
          <ul className="flex flex-col gap-1">
            {notes.map((note) => (
              <li key={note} className="wrap-anywhere">
                {note}
              </li>
            ))}
          </ul>
        </Trouble>
      )}
    </>
  );
}

function sentence(status: Proof["status"], reason: string): string {
  if (status === "broken") return `The proof could not be made: ${reason}`;
  return status === "stopped" ? `It was stopped early: ${reason}` : reason;
}

function Trouble({ bad = false, children }: { bad?: boolean; children: ReactNode }) {
  return (
    <div
      role={bad ? "alert" : "note"}
      className={clsx(
        "rounded-md border border-l-4 bg-panel px-3 py-2 text-sm wrap-anywhere",
        bad ? "border-danger/30 border-l-danger" : "border-warn/40 border-l-warn",
      )}
    >
      {children}
    </div>
  );
}

const filterNames: Record<Filter, string> = {
  failed: "Only failed runs",
  survived: "Only survivors",
};

function Filters({
  show,
  onShow,
}: {
  show: Filter | undefined;
  onShow: (show: Filter | undefined) => void;
}) {
  return (
    <fieldset className="flex gap-0.5 rounded-md border border-line p-0.5">
      <legend className="sr-only">Show</legend>
      {[undefined, ...filters].map((each) => (
        <button
          key={each ?? "all"}
          type="button"
          aria-pressed={show === each}
          onClick={() => onShow(each)}
          className={clsx(
            "rounded-sm px-2.5 py-0.5 text-sm",
            show === each ? "bg-well font-semibold text-ink" : "text-ink-2 hover:text-ink",
          )}
        >
          {each ? filterNames[each] : "All"}
        </button>
      ))}
    </fieldset>
  );
}
