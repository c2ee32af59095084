import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fault } from "@/components/fault";
import { apiURL } from "@/lib/api";
import { type CaseTrace as Trace, testCases } from "@/lib/suites-api";
import { keys } from "./keys";

type TracedTest = Trace["tests"][number];
type TracedStep = Trace["steps"][number];

/** What stands behind a case: recorded steps, the assertions behind them, and the runs of their tests. */
export default function CaseTrace({ jobId, caseId }: { jobId: string; caseId: string }) {
  const query = useQuery({
    queryKey: keys.trace(jobId, caseId),
    queryFn: ({ signal }) => testCases.trace(jobId, caseId, signal),
  });
  if (query.isError) return <Fault error={query.error} retry={() => void query.refetch()} />;
  if (query.isPending) return <p role="status">Looking for tests and runs…</p>;
  const { steps, tests, recordingId } = query.data;
  return (
    <div className="flex flex-col gap-4 text-sm">
      <ol aria-label="Steps with their assertions" className="flex flex-col gap-2">
        {steps.map((step, i) => (
          <Step key={step.stepId} step={step} number={i + 1} recordingId={recordingId} />
        ))}
      </ol>
      {tests.length === 0 ? (
        <p className="text-ink-2">
          No test was generated from its{" "}
          <Link
            to="/recordings/$recordingId"
            params={{ recordingId }}
            search={{ tab: "tests" }}
            className="underline underline-offset-2"
          >
            recording
          </Link>{" "}
          yet: generate tests there, and their runs are listed here.
        </p>
      ) : (
        <ul aria-label="Tests of the recording" className="flex flex-col gap-2">
          {tests.map((test) => (
            <Test key={`${test.suiteId} ${test.proofId} ${test.test}`} test={test} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Step({
  step: { action, recorded },
  number,
  recordingId,
}: {
  step: TracedStep;
  number: number;
  recordingId: string;
}) {
  return (
    <li className="flex min-w-0 flex-col gap-0.5">
      <span className="wrap-anywhere">
        <span className="num text-ink-3">{number}</span> {action}
      </span>
      {recorded.map(({ stepId, text, picture, assertions }) => (
        <span key={stepId} className="flex min-w-0 flex-col gap-0.5 pl-5 text-xs text-ink-2">
          <span className="flex flex-wrap gap-x-2">
            <Link
              to="/recordings/$recordingId"
              params={{ recordingId }}
              search={{ step: stepId }}
              className="underline decoration-line-strong underline-offset-2"
            >
              {text || `Step ${stepId}, which the recording has no more`}
            </Link>
            {picture && (
              <a href={apiURL(picture)} target="_blank" rel="noreferrer" className="underline">
                Picture
              </a>
            )}
          </span>
          {assertions.map(({ suiteId, number: place, learned, text: claim }) => (
            <span key={suiteId + place} className="pl-3 wrap-anywhere">
              Assertion <span className="num">{place}</span>
              {learned && " (learnt)"}: {claim}
            </span>
          ))}
        </span>
      ))}
    </li>
  );
}

function Test({ test }: { test: TracedTest }) {
  const { suiteId, proofId, titles, status, proven, why, runs, proves } = test;
  const name = titles.at(-1) ?? "A test of the recording";
  return (
    <li className="flex min-w-0 flex-col gap-0.5">
      <span className="flex flex-wrap items-baseline gap-x-2">
        {suiteId ? (
          <Link to="/suites/$suiteId" params={{ suiteId }} className="underline">
            {name}
          </Link>
        ) : (
          <span>{name}</span>
        )}
        <span className={proven ? "text-good" : "text-ink-3"}>
          {proven ? "proven" : (why ?? status ?? "not verified yet")}
        </span>
        {proves && <span className="text-xs text-ink-3">named as the proof of this case</span>}
        {proofId && (
          <Link to="/jobs/$jobId" params={{ jobId: proofId }} className="text-xs underline">
            The proof
          </Link>
        )}
      </span>
      {runs.map(({ key, purpose, outcome, failedAt, message, evidence }, i) => (
        <span key={key} className="flex flex-wrap gap-x-2 pl-5 text-xs text-ink-2">
          <span>
            {purpose === "live" ? "Live run" : "Run"} <span className="num">{i + 1}</span>:{" "}
            {outcome}
            {failedAt ? ` at assertion ${failedAt}` : ""}
          </span>
          {message && <span className="line-clamp-1 min-w-0 text-ink-3">{message}</span>}
          {evidence.map((each) => (
            <a
              key={each.name}
              href={apiURL(each.url)}
              target="_blank"
              rel="noreferrer"
              className="underline"
            >
              {each.name.slice(each.name.lastIndexOf("/") + 1)}
            </a>
          ))}
        </span>
      ))}
    </li>
  );
}
