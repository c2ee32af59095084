import { Download, FileImage, History, X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { Dialog, DialogBody } from "@/components/ui/dialog";
import { useMedia } from "@/lib/hooks";
import type { Judgement, ProofRun, ProofTest } from "@/lib/proof-api";
import { evidenceURL, proofs } from "@/lib/proof-api";
import { isHarmless } from "@/lib/proof-score";
import { duration, integer } from "@/lib/time";
import { useTrace } from "@/lib/trace";
import { FaultChanges } from "./fault-change";
import { looks, StateMark } from "./marks";
import type { Cell, Column } from "./matrix";
import { Network } from "./network";
import { columnName, latencyOf, placeOf, titleOf } from "./words";

interface Shown {
  jobId: string;
  test: ProofTest;
  column: Column;
  cell: Cell;
  onClose: () => void;
}

/** What stands behind a cell: beside the grid where there is room, else in front of it. */
export function Evidence(shown: Shown) {
  const beside = useMedia("(min-width: 64rem)");
  return beside ? <Panel {...shown} /> : <Sheet {...shown} />;
}

function Sheet(shown: Shown) {
  return (
    <Dialog open onClose={shown.onClose} title={heading(shown.column)} wide>
      <DialogBody>
        <div className="flex flex-col gap-4 pb-4">
          <Content {...shown} />
        </div>
      </DialogBody>
    </Dialog>
  );
}

function Panel(shown: Shown) {
  const { test, column, onClose } = shown;
  const title = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus goes along to each cell
  useEffect(() => title.current?.focus({ preventScroll: true }), [test.id, column.id]);
  return (
    <section
      aria-label="Evidence"
      className="scroll-thin flex min-h-0 w-104 shrink-0 flex-col gap-4 overflow-y-auto border-l border-line bg-ground p-4 xl:w-120"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <div className="flex items-start gap-2">
        <h2
          ref={title}
          tabIndex={-1}
          className="min-w-0 grow text-lg font-semibold wrap-anywhere outline-none"
        >
          {heading(column)}
        </h2>
        <Button look="quiet" size="icon" onClick={onClose} aria-label="Close the evidence">
          <X aria-hidden="true" />
        </Button>
      </div>
      <Content {...shown} />
    </section>
  );
}

function heading(column: Column): string {
  if (column.mutant) return column.mutant.operator;
  const name = columnName(column);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function Content({ jobId, test, column, cell }: Shown) {
  const { run, judgement, state, others = [] } = cell;
  const changes = judgement?.evidence?.find((name) => name.startsWith("mutants/"));
  return (
    <>
      <div className="text-sm">
        <StateMark state={state} className="text-base" />
        <p className="text-ink-2">{looks[state].hint}.</p>
        <p className="mt-2 font-medium wrap-anywhere">{titleOf(test)}</p>
        <p className="font-mono text-xs wrap-anywhere text-ink-3">{placeOf(test)}</p>
      </div>
      {column.mutant && (
        <Facts
          list={[
            ["Where", column.mutant.where],
            ["What", column.mutant.what],
          ]}
        />
      )}
      {run && <Run run={run}>{run.outcome !== "passed" && <Film jobId={jobId} run={run} />}</Run>}
      {judgement && (
        <Judged judgement={judgement} harmless={column.mutant && isHarmless(column.mutant)}>
          {changes && (
            <FaultChanges jobId={judgement.jobId ?? jobId} name={changes} judgement={judgement} />
          )}
        </Judged>
      )}
      <Files jobId={jobId} names={run?.evidence ?? []} />
      {others.length > 0 && <Others runs={others} />}
    </>
  );
}

function Run({ run, children }: { run: ProofRun; children: ReactNode }) {
  const { conditions, end, drift = 0, drifted = [] } = run;
  return (
    <>
      {end && (
        <Said title={`Ended by ${endWords[end.by] ?? end.by}`}>
          {end.file && (
            <p className="font-mono text-xs wrap-anywhere text-ink-2">
              {end.line ? `${end.file}:${end.line}` : end.file}
              {end.assertion ? `, assertion ${end.assertion}` : ""}
            </p>
          )}
          {end.message && <Text>{end.message}</Text>}
        </Said>
      )}
      {children}
      <Facts
        list={[
          ...(run.repair ? [["Test", `as repair ${run.repair} mended it`] as const] : []),
          ["Seed", String(conditions.seed)],
          ["Latency", latencyOf(run)],
          ["CPU", conditions.cpu > 1 ? `${conditions.cpu}× slower` : "full speed"],
          ["Workers", String(conditions.workers)],
          ["Took", duration(run.durationMs)],
          ["Assertions", integer(run.assertions ?? 0)],
          ["Requests", integer(run.requests ?? 0)],
          ["Drift", drift === 0 ? "none" : integer(drift)],
        ]}
      />
      {drifted.length > 0 && (
        <Said title={drift > drifted.length ? `The first ${drifted.length} of ${drift}` : "Drift"}>
          <ul className="flex flex-col gap-1">
            {drifted.map((line) => (
              <li key={line}>
                <Text>{line}</Text>
              </li>
            ))}
          </ul>
        </Said>
      )}
    </>
  );
}

const endWords: Record<string, string> = {
  assertion: "an assertion",
  action: "an action that could not be done",
  crash: "a crash",
  timeout: "the test’s own time limit",
  drift: "requests that are not the recorded ones",
  harness: "the machinery around it",
};

function Judged({
  judgement,
  harmless = false,
  children,
}: {
  judgement: Judgement;
  harmless?: boolean;
  /** What it changed. */
  children: ReactNode;
}) {
  const { visible, assertion, message, durationMs, fate } = judgement;
  const passed = fate === "survived" || fate === "no_effect";
  return (
    <>
      {message && !(passed && children) && (
        <Said title={passed ? "What differed" : "What the test said"}>
          <Text>{message}</Text>
        </Said>
      )}
      {children}
      <Facts
        list={[
          ["Put there", putThere(judgement)],
          ["Could be seen", visible ? "yes" : "no"],
          ...(assertion
            ? [[harmless ? "Minded by" : "Noticed by", `assertion ${assertion}`] as const]
            : []),
          ["Took", duration(durationMs)],
        ]}
      />
    </>
  );
}

function putThere({ applied, inPlace }: Judgement): string {
  if (!applied) return "no: the run did not come to it";
  return inPlace
    ? "yes, into the page at each assertion, and taken back after it"
    : "yes, in a run of its own";
}

/** How the run looked; why there is no film stands in what it asked for. */
function Film({ jobId, run }: { jobId: string; run: ProofRun }) {
  const name = run.evidence?.find((each) => baseOf(each) === "video.webm");
  const trace = run.evidence?.find((each) => baseOf(each) === "trace.zip");
  const open = useTrace(() => proofs.trace(jobId, trace ?? ""));
  return (
    <section aria-label="Film of the run">
      <div className="mb-1 flex items-center gap-2">
        <h3 className="grow text-sm font-semibold">Film of the run</h3>
        {trace && (
          <Button
            look="plain"
            size="sm"
            title="In Playwright’s trace viewer: each action, the page around it, its requests"
            disabled={open.isPending}
            onClick={() => open.mutate()}
          >
            <History aria-hidden="true" /> Open trace
          </Button>
        )}
      </div>
      {name ? (
        // biome-ignore lint/a11y/useMediaCaption: the pages are filmed without sound
        <video
          controls
          preload="metadata"
          aria-label="Film of the run"
          src={evidenceURL(jobId, name)}
          onLoadedMetadata={({ currentTarget: film }) => {
            film.currentTime = film.duration; // where it failed; from there it plays from the start
          }}
          className="block aspect-video w-full rounded-md border border-line bg-well"
        />
      ) : (
        <p className="text-sm text-ink-3">
          {run.again === "passed"
            ? "It passed when it was made once more for a film: it fails now and then."
            : "No film was kept: one is made of the first failed run of a test, when all runs are over."}
        </p>
      )}
    </section>
  );
}

/** What was run in this place with the test as it was before, or mended in another way. */
function Others({ runs }: { runs: ProofRun[] }) {
  return (
    <Said title="Other runs in this place">
      <ul className="flex flex-col gap-2">
        {runs.map((run) => (
          <li key={run.key} className="text-sm">
            <StateMark state={run.outcome} />{" "}
            <span className="text-ink-2">
              {run.repair ? `with repair ${run.repair}` : "as it came"}
            </span>
            {run.end?.message && <Text>{run.end.message}</Text>}
          </li>
        ))}
      </ul>
    </Said>
  );
}

function Said({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h3 className="mb-1 text-sm font-semibold">{title}</h3>
      {children}
    </div>
  );
}

function Text({ children }: { children: string }) {
  return (
    <pre className="mt-1 rounded-md border border-line bg-panel p-2 font-mono text-xs wrap-anywhere whitespace-pre-wrap">
      {children}
    </pre>
  );
}

function Facts({ list }: { list: (readonly [name: string, value: string])[] }) {
  return (
    <dl className="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 text-sm">
      {list.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd className="num wrap-anywhere">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The job's artefacts about a run: what it asked for is shown, the rest can be taken along. */
function Files({ jobId, names }: { jobId: string; names: string[] }) {
  const network = names.find((name) => baseOf(name) === "network.json");
  const pictures = names.filter((name) => name.endsWith(".png"));
  if (names.length === 0) return null;
  return (
    <>
      {network && <Network jobId={jobId} name={network} />}
      {pictures.map((name) => (
        <figure key={name}>
          <figcaption className="mb-1 flex items-center gap-1.5 text-sm font-semibold">
            <FileImage aria-hidden="true" className="size-4" /> {baseOf(name)}
          </figcaption>
          <img
            src={evidenceURL(jobId, name)}
            alt={`The page at the end of the run, ${baseOf(name)}`}
            className="max-w-full rounded-md border border-line"
          />
        </figure>
      ))}
      <Said title="Files">
        <ul className="flex flex-wrap gap-2">
          {names.map((name) => (
            <li key={name}>
              <a
                href={evidenceURL(jobId, name, true)}
                download
                title={hints[baseOf(name)] ?? name}
                className={buttonClass("plain", "sm")}
              >
                <Download aria-hidden="true" /> {baseOf(name)}
              </a>
            </li>
          ))}
        </ul>
      </Said>
    </>
  );
}

const hints: Record<string, string> = {
  "trace.zip": "Playwright’s trace of the run",
  "video.webm": "The film of the run",
  "error-context.md": "What the page held when the test failed",
  "network.json": "What the page asked for, and what of it was not recorded",
};

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
