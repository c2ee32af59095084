import { Download, FileImage, X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { Dialog, DialogBody } from "@/components/ui/dialog";
import { useMedia } from "@/lib/hooks";
import type { Judgement, ProofRun, ProofTest } from "@/lib/proof-api";
import { evidenceURL } from "@/lib/proof-api";
import { duration, integer } from "@/lib/time";
import { looks, StateMark } from "./marks";
import { type Cell, type Column, isHarmless } from "./matrix";
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
  const { run, judgement, state } = cell;
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
      {run && <Run run={run} />}
      {judgement && (
        <Judged judgement={judgement} harmless={column.mutant && isHarmless(column.mutant)} />
      )}
      <Files jobId={jobId} names={run?.evidence ?? judgement?.evidence ?? []} />
    </>
  );
}

function Run({ run }: { run: ProofRun }) {
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
      <Facts
        list={[
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
  judgement: { applied, visible, assertion, message, durationMs, fate },
  harmless = false,
}: {
  judgement: Judgement;
  harmless?: boolean;
}) {
  const passed = fate === "survived" || fate === "no_effect";
  return (
    <>
      {message && (
        <Said title={passed ? "What differed" : "What the test said"}>
          <Text>{message}</Text>
        </Said>
      )}
      <Facts
        list={[
          ["Put there", applied ? "yes" : "no: the run did not come to it"],
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
        {names.some((name) => baseOf(name) === "trace.zip") && (
          <p className="mt-2 text-xs text-ink-3">
            <code className="font-mono">npx playwright show-trace trace.zip</code> opens the trace.
          </p>
        )}
      </Said>
    </>
  );
}

const hints: Record<string, string> = {
  "trace.zip": "Playwright’s trace of the run",
  "network.json": "What the page asked for, and what of it was not recorded",
};

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
