import { Link } from "@tanstack/react-router";
import { Copy, Download, FileDiff, FileX, FlaskConical, RotateCw } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { isFinal, StatusMark } from "@/components/status";
import { Ago, Took } from "@/components/time";
import { Button, buttonClass } from "@/components/ui/button";
import type { Job } from "@/lib/api";
import { copyText } from "@/lib/clipboard";
import { patient } from "@/lib/patient";
import { evidenceURL } from "@/lib/proof-api";
import { useShortcuts } from "@/lib/shortcuts";
import type { SuiteReview } from "@/lib/suite-review-api";
import { suiteKind } from "@/lib/suites-api";
import { integer } from "@/lib/time";
import { Code } from "./code";
import { Outcome, SuiteLink } from "./list";
import { ProofBadge } from "./proof-badge";
import { SuiteActions } from "./suite-actions";
import { ProofHistory, ReviewHistory } from "./suite-past";
import { useReviewer } from "./use-review";
import { currentProof, useCurrentCode, useSuiteReview } from "./use-suite-review";
import { inputOf, resultOf, useListedJob, useRecordingName, useSuiteList } from "./use-suites";

const GenerateDialog = lazy(patient(() => import("./generate-dialog")));
const SuiteEditor = lazy(patient(() => import("./suite-editor")));
const SuiteChanges = lazy(patient(() => import("./suite-changes")));
const ARCHIVE = "project.zip";
/** What was run and proven, where the tests were asked for in another language. */
const PROVEN = "project-typescript.zip";

/** Whether the code is read, compared with what it was before, or edited. */
type Mode = "code" | "changes" | "edit";

/** A generated suite: its code and what people made of it, what it is worth, and those that were there before. */
export function SuiteView({ job }: { job: Job }) {
  const { recordingId } = inputOf(job);
  const { data: review, isError, error, refetch } = useSuiteReview(job);
  const [mode, setMode] = useState<Mode>("code");
  return (
    <>
      <Head job={job} review={review} mode={mode} onMode={setMode} />
      <div className="scroll-thin min-h-0 grow overflow-y-auto border-t border-line">
        <div className="grid gap-5 p-4 md:px-6 xl:grid-cols-[minmax(0,1fr)_20rem]">
          <div className="flex min-w-0 flex-col gap-4">
            <Notes notes={resultOf(job).notes} />
            {isError && review === undefined && (
              <Fault error={error} retry={() => void refetch()} />
            )}
            <TestCode job={job} review={review} mode={mode} onMode={setMode} />
          </div>
          <div className="flex min-w-0 flex-col gap-5">
            {review && <ProofHistory review={review} />}
            {review && <ReviewHistory review={review} />}
            {recordingId && <History job={job} recordingId={recordingId} />}
          </div>
        </div>
      </div>
    </>
  );
}

interface Reviewing {
  job: Job;
  /** Null for a suite without a review, undefined until that is known. */
  review: SuiteReview | null | undefined;
  mode: Mode;
  onMode: (mode: Mode) => void;
}

function Head({ job, review, mode, onMode }: Reviewing) {
  const { recordingId, learn } = inputOf(job);
  const { spec, target, learned } = resultOf(job);
  const proofId = currentProof(job, review);
  const name = useRecordingName(recordingId, job.project);
  const code = useCurrentCode(job, review);
  const [again, setAgain] = useState(false);
  const copy = () => {
    if (code.data) void copyText(code.data, "The code was copied");
  };
  useShortcuts([{ keys: "c", label: "Copy the code", group: "This page", run: copy }]);
  const there = job.status === "succeeded";
  return (
    <header className="flex shrink-0 flex-col gap-2 px-4 pt-3 pb-3 md:px-6">
      <Breadcrumb />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="min-w-0 text-xl font-semibold tracking-tight break-words">
          {name || "Tests"}
        </h1>
        {!there && <StatusMark status={job.status} className="text-base" />}
        {review ? (
          <SuiteActions
            job={job}
            review={review}
            editing={mode === "edit"}
            onEdit={() => onMode("edit")}
            onAgain={() => setAgain(true)}
          />
        ) : (
          <div className="ml-auto flex flex-wrap gap-2">
            {there && (
              <a href={evidenceURL(job.jobId, ARCHIVE, true)} download className={buttonClass()}>
                <Download aria-hidden="true" /> Download project
              </a>
            )}
            {there && target === "go" && (
              <a href={evidenceURL(job.jobId, PROVEN, true)} download className={buttonClass()}>
                <Download aria-hidden="true" /> What was run, in TypeScript
              </a>
            )}
            {recordingId && (
              <Button onClick={() => setAgain(true)}>
                <RotateCw aria-hidden="true" /> Generate again…
              </Button>
            )}
          </div>
        )}
      </div>
      {proofId && (
        <section aria-label="Proof">
          <ProofBadge proofId={proofId} long />
        </section>
      )}
      <dl className="flex flex-wrap gap-x-6 gap-y-1 text-sm">
        {recordingId && (
          <Fact name="Recording">
            <Link
              to="/recordings/$recordingId"
              params={{ recordingId }}
              className="underline decoration-line-strong underline-offset-3 hover:decoration-ink"
            >
              {name || recordingId}
            </Link>
          </Fact>
        )}
        <Fact name="Generated">
          <Ago time={job.createdAt} />
        </Fact>
        {job.startedAt && (
          <Fact name="Took">
            <Took from={job.startedAt} to={job.finishedAt} />
          </Fact>
        )}
        {learned !== undefined && learn !== false && (
          <Fact name="Learned">
            <span className="num">
              {integer(learned)} {learned === 1 ? "assertion" : "assertions"}
            </span>
          </Fact>
        )}
        {spec && (
          <Fact name="File">
            <span className="font-mono text-xs wrap-anywhere">{spec}</span>
          </Fact>
        )}
        <Fact name="Job">
          <Link
            to="/jobs/$jobId"
            params={{ jobId: job.jobId }}
            className="underline decoration-line-strong underline-offset-3 hover:decoration-ink"
          >
            Log and events
          </Link>
        </Fact>
      </dl>
      {again && (
        <Suspense>
          <GenerateDialog
            making="tests"
            project={job.project}
            recordingId={recordingId}
            onClose={() => setAgain(false)}
          />
        </Suspense>
      )}
    </header>
  );
}

export function Breadcrumb() {
  return (
    <nav aria-label="Breadcrumb" className="text-sm text-ink-3">
      <Link to="/suites" className="hover:text-ink hover:underline">
        Suites
      </Link>
    </nav>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 items-baseline gap-1.5">
      <dt className="shrink-0 text-ink-3">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}

/** What was left out of what was generated, and why. */
export function Notes({ notes = [] }: { notes?: string[] }) {
  if (notes.length === 0) return null;
  return (
    <section
      aria-label="Notes"
      className="rounded-md border border-l-4 border-warn/40 border-l-warn bg-panel px-3 py-2 text-sm"
    >
      <h2 className="font-semibold">Left out</h2>
      <ul className="mt-1 flex flex-col gap-1">
        {notes.map((note) => (
          <li key={note} className="wrap-anywhere text-ink-2">
            {note}
          </li>
        ))}
      </ul>
    </section>
  );
}

function TestCode({ job, review, mode, onMode }: Reviewing) {
  const code = useCurrentCode(job, review);
  const [by, keepBy] = useReviewer();
  const { spec } = resultOf(job);
  if (job.status !== "succeeded") return <NoCode job={job} />;
  if (code.isError && code.data === undefined)
    return <Fault error={code.error} retry={() => void code.refetch()} />;
  if (code.data === undefined && spec) {
    return (
      <p role="status" className="text-sm text-ink-3">
        Reading the code…
      </p>
    );
  }
  if (!code.data || !spec) {
    return (
      <Notice icon={<FileX />} title="The code is not kept by itself">
        It was generated before that was so. Download the project, or generate it again.
      </Notice>
    );
  }
  return (
    <div className="overflow-hidden rounded-md border border-line bg-panel">
      <div className="flex flex-wrap items-center gap-2 border-b border-line bg-ground px-3 py-1">
        <h2 className="min-w-0 grow font-mono text-xs wrap-anywhere text-ink-2">{spec}</h2>
        {review && review.texts.length > 1 && mode !== "edit" && (
          <Button
            size="sm"
            aria-pressed={mode === "changes"}
            onClick={() => onMode(mode === "changes" ? "code" : "changes")}
          >
            <FileDiff aria-hidden="true" /> {mode === "changes" ? "Code" : "Changes"}
          </Button>
        )}
        <Button size="sm" onClick={() => void copyText(code.data ?? "", "The code was copied")}>
          <Copy aria-hidden="true" /> Copy
        </Button>
      </div>
      <Suspense fallback={<p className="p-3 text-sm text-ink-3">Loading…</p>}>
        {review && mode === "edit" ? (
          <SuiteEditor
            review={review}
            code={code.data}
            by={by}
            onBy={keepBy}
            onClose={() => onMode("code")}
          />
        ) : review && mode === "changes" ? (
          <SuiteChanges review={review} />
        ) : (
          <Code code={code.data} label="Code of the test" plainly={spec.endsWith(".go")} />
        )}
      </Suspense>
    </div>
  );
}

function NoCode({ job }: { job: Job }) {
  if (isFinal(job.status)) {
    return (
      <Notice
        alert={job.error !== undefined}
        icon={<FileX />}
        title={job.error ? "No tests could be written" : "No tests were written"}
      >
        <p className="wrap-anywhere">{job.error?.message ?? `The job was ${job.status} before.`}</p>
      </Notice>
    );
  }
  return (
    <Notice icon={<FlaskConical />} title="The tests are being written">
      {job.status === "running"
        ? job.progress?.message && `${job.progress.message}…`
        : "It begins when a worker takes the job."}
    </Notice>
  );
}

/** All suites of the same recording, the newest first. */
function History({ job, recordingId }: { job: Job; recordingId: string }) {
  const list = useSuiteList({ kind: suiteKind, about: recordingId, project: job.project });
  const jobs = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <aside aria-label="History" className="min-w-0 text-sm">
      <h2 className="mb-1.5 text-xs font-semibold text-ink-3">Suites of this recording</h2>
      {list.isError && <p className="text-ink-2">They cannot be read now.</p>}
      <ol className="flex flex-col gap-0.5">
        {jobs.map((each) => (
          <Earlier key={each.jobId} listed={each} current={each.jobId === job.jobId} />
        ))}
      </ol>
      {list.hasNextPage && (
        <Button size="sm" className="mt-2" onClick={() => void list.fetchNextPage()}>
          Earlier ones
        </Button>
      )}
    </aside>
  );
}

function Earlier({ listed, current }: { listed: Job; current: boolean }) {
  const { data: job } = useListedJob(listed);
  return (
    <li
      aria-current={current ? "true" : undefined}
      className="flex flex-col gap-0.5 rounded-md px-2 py-1.5 aria-current:bg-well"
    >
      {current ? (
        <span className="font-medium">
          <Ago time={listed.createdAt} />, this one
        </span>
      ) : (
        <SuiteLink job={listed}>
          <Ago time={listed.createdAt} />
        </SuiteLink>
      )}
      <Outcome listed={listed} job={job} />
    </li>
  );
}
