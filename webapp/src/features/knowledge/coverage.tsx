import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { Fault } from "@/components/fault";
import { Button } from "@/components/ui/button";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import {
  type CitingCase,
  type Coverage,
  knowledge,
  type DocumentTests as Tests,
} from "@/lib/knowledge-api";
import { plain } from "@/lib/plain";
import { integer } from "@/lib/time";
import { keys } from "./keys";

/** So many passages are shown before somebody asks for the others. */
const FEW = 12;

/** The test cases that cite a document, by its passages, and what no case covers. */
export function DocumentTests({ documentId }: { documentId: string }) {
  const [older, setOlder] = useState(false);
  useRefreshOnEvents([keys.tests(documentId)], { kinds: ["testcases.generate"] }, 1500);
  const query = useQuery({
    queryKey: keys.tests(documentId, older),
    queryFn: ({ signal }) => knowledge.tests(documentId, older, signal),
    placeholderData: (before) => before,
  });
  return (
    <section aria-labelledby="document-tests" className="mt-5 flex flex-col gap-2 text-sm">
      <h2 id="document-tests" className="text-xs font-semibold text-ink-3">
        Tests
      </h2>
      {query.isError ? (
        <Fault error={query.error} retry={() => void query.refetch()} />
      ) : query.isPending ? (
        <p role="status">Looking for tests…</p>
      ) : (
        <Found tests={query.data} />
      )}
      <label className="flex items-center gap-1.5 text-xs text-ink-3">
        <input
          type="checkbox"
          checked={older}
          onChange={(event) => setOlder(event.target.checked)}
        />
        Also of older sets, which cover nothing
      </label>
    </section>
  );
}

function Found({ tests: { coverage: counts, passages, gone } }: { tests: Tests }) {
  const [all, setAll] = useState(false);
  const shown = all ? passages : passages.slice(0, FEW);
  const none = gone.length === 0 && passages.every(({ tests }) => tests.length === 0);
  return (
    <>
      <CoverageBar coverage={counts} />
      {none && (
        <p className="text-ink-2">
          No test case cites it yet. Open a{" "}
          <Link to="/recordings" className="underline underline-offset-2">
            recording
          </Link>{" "}
          of what it is about, and generate test cases there: they read this source.
        </p>
      )}
      <ul aria-label="Passages with their tests" className="flex flex-col gap-3">
        {gone.map(({ passageId, citation, tests }) => (
          <Entry key={passageId} text={citation.quote} tests={tests}>
            <span className="text-xs font-medium text-(--state-retrying)">
              No longer in the document
            </span>
          </Entry>
        ))}
        {shown.map(({ passageId, text, requirement, tests }) => (
          <Entry key={passageId} text={text} passageId={passageId} tests={tests}>
            {requirement && !tests.some(counting) && (
              <span className="inline-flex items-center gap-1 text-xs font-medium text-ink-3">
                <span
                  aria-hidden="true"
                  className="size-2 rounded-full border border-dashed border-line-strong"
                />{" "}
                Not covered
              </span>
            )}
          </Entry>
        ))}
      </ul>
      {shown.length < passages.length && (
        <Button look="quiet" size="sm" className="self-start" onClick={() => setAll(true)}>
          {passages.length - shown.length} more
        </Button>
      )}
    </>
  );
}

/** Whether a case covers what it cites. */
const counting = ({ superseded, standing }: CitingCase) => !superseded && standing !== "rejected";

function Entry({
  text,
  passageId,
  tests,
  children,
}: {
  text: string;
  passageId?: string;
  tests: CitingCase[];
  children: ReactNode;
}) {
  const words = <span className="line-clamp-2">{plain(text)}</span>;
  return (
    <li className="flex min-w-0 flex-col gap-0.5 border-l-2 border-line pl-2.5">
      {passageId ? (
        <Link
          from="/knowledge/$documentId"
          to="."
          search={(old) => ({ ...old, passage: passageId })}
          replace
          resetScroll={false}
          className="break-words hover:underline"
        >
          {words}
        </Link>
      ) : (
        <span className="break-words text-ink-2 line-through">{words}</span>
      )}
      {children}
      {tests.map((each) => (
        <Case key={each.jobId + each.caseId} one={each} />
      ))}
    </li>
  );
}

function Case({ one }: { one: CitingCase }) {
  const { jobId, caseId, title, standing, superseded, places } = one;
  const said = [
    standing,
    places.some(({ expected }) => expected) ? "as expected result" : undefined,
    superseded ? "older set" : undefined,
  ];
  return (
    <span className="flex min-w-0 items-baseline gap-2 text-xs">
      <Link
        to="/suites/cases/$setId"
        params={{ setId: jobId }}
        search={{ case: caseId }}
        className="min-w-0 truncate underline decoration-line-strong underline-offset-2"
        title={title}
      >
        {title}
      </Link>
      <span className="shrink-0 text-ink-3">{said.filter(Boolean).join(", ")}</span>
    </span>
  );
}

/** How much of a source's requirements test cases cover, and which they do not. */
export function SourceCoverage({ sourceId }: { sourceId: string }) {
  useRefreshOnEvents([keys.coverage(sourceId)], { kinds: ["testcases.generate"] }, 1500);
  const query = useInfiniteQuery({
    queryKey: keys.coverage(sourceId),
    queryFn: ({ pageParam, signal }) =>
      knowledge.coverage(sourceId, pageParam || undefined, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextPage,
  });
  const counts = query.data?.pages[0];
  if (!counts || counts.requirements === 0) return null;
  const uncovered = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="flex flex-col gap-2">
      <CoverageBar coverage={counts} />
      {counts.uncovered > 0 && (
        <details className="text-sm">
          <summary className="cursor-pointer text-ink-2">
            What no test case covers ({integer(counts.uncovered)})
          </summary>
          <ul className="scroll-thin mt-1 flex max-h-72 flex-col gap-1.5 overflow-y-auto">
            {uncovered.map(({ passageId, documentId, title, text }) => (
              <li key={passageId} className="min-w-0 break-words">
                <Link
                  to="/knowledge/$documentId"
                  params={{ documentId }}
                  search={{ passage: passageId }}
                  className="underline decoration-line-strong underline-offset-2 hover:decoration-ink"
                >
                  {plain(text)}
                </Link>{" "}
                <span className="text-xs text-ink-3">{title}</span>
              </li>
            ))}
            {query.hasNextPage && (
              <li>
                <Button
                  size="sm"
                  look="quiet"
                  disabled={query.isFetchingNextPage}
                  onClick={() => void query.fetchNextPage()}
                >
                  {query.isFetchingNextPage ? "Loading…" : "Show more"}
                </Button>
              </li>
            )}
          </ul>
        </details>
      )}
    </div>
  );
}

/** How many requirements test cases cover: a bar, and the same in numbers. */
function CoverageBar({ coverage }: { coverage: Coverage }) {
  const { requirements, covered, asserted, uncovered } = coverage;
  if (requirements === 0) {
    return <p className="text-sm text-ink-3">It demands nothing that could be covered.</p>;
  }
  const part = (n: number) => `${(100 * n) / requirements}%`;
  return (
    <div className="flex flex-col gap-1.5 text-sm">
      <div aria-hidden="true" className="flex h-2 gap-px overflow-hidden rounded-full bg-well">
        <span className="bg-(--state-succeeded)" style={{ width: part(asserted) }} />
        <span className="bg-(--state-running)" style={{ width: part(covered - asserted) }} />
      </div>
      <ul className="flex flex-wrap gap-x-4 gap-y-0.5 text-ink-2">
        <li className="font-medium text-ink">
          <span className="num">
            {integer(covered)} of {integer(requirements)}
          </span>{" "}
          {requirements === 1 ? "requirement" : "requirements"} covered
        </li>
        <Count n={asserted} colour="var(--state-succeeded)" what="asserted by the recording" />
        <Count n={covered - asserted} colour="var(--state-running)" what="covered otherwise" />
        <Count n={uncovered} colour="var(--line-strong)" what="not covered" />
      </ul>
    </div>
  );
}

function Count({ n, colour, what }: { n: number; colour: string; what: string }) {
  return (
    <li className="inline-flex items-center gap-1.5">
      <span aria-hidden="true" className="size-2 rounded-full" style={{ background: colour }} />
      <span>
        <span className="num">{integer(n)}</span> {what}
      </span>
    </li>
  );
}
