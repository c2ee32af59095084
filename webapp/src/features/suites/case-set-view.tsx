import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { ArrowLeft, ListChecks, SearchX } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { Notice } from "@/components/fault";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { patient } from "@/lib/patient";
import { useShortcuts } from "@/lib/shortcuts";
import type { ReviewedCase, Standing, TestCases, Word } from "@/lib/suites-api";
import { integer } from "@/lib/time";
import { CaseList, inOrder } from "./case-list";
import { CaseSetHead } from "./case-set-head";
import { CaseView } from "./case-view";
import { Findings, Uncovered } from "./findings";
import {
  type CasesSearch,
  type CasesTab,
  type CaseType,
  casesTabs,
  caseTypes,
  standings,
} from "./search";
import { useReview, useReviewer } from "./use-review";
import { standingNames, typeNames } from "./words";

const CaseForm = lazy(patient(() => import("./case-form")));
const WordDialog = lazy(patient(() => import("./word-dialog")));
const CaseTrace = lazy(patient(() => import("./case-trace")));
const StaleNote = lazy(patient(() => import("./stale")));
const StaleBanner = lazy(
  patient(() => import("./stale").then(({ StaleBanner }) => ({ default: StaleBanner }))),
);

const tabNames: Record<CasesTab, string> = {
  cases: "Cases",
  findings: "Findings",
  uncovered: "Uncovered",
};

/** A set of cases: to go through, to say of each whether it is right, and to hand out. */
export function CaseSetView({
  set,
  place,
  onPlace,
}: {
  set: TestCases;
  place: CasesSearch;
  onPlace: (next: CasesSearch, replace?: boolean) => void;
}) {
  const [by, setBy] = useReviewer();
  const tab = place.tab ?? "cases";
  const counts: Record<CasesTab, number> = {
    cases: set.cases.length,
    findings: set.findings.length,
    uncovered: set.uncoveredOf,
  };
  useShortcuts(
    casesTabs.map((name, i) => ({
      keys: String(i + 1),
      label: tabNames[name],
      group: "This page" as const,
      run: () => onPlace({ tab: name === "cases" ? undefined : name }),
    })),
  );
  return (
    <>
      <CaseSetHead set={set} by={by} onBy={setBy} />
      {(set.supersededBy || (set.stale?.length ?? 0) > 0) && (
        <Suspense>
          <StaleBanner set={set} />
        </Suspense>
      )}
      <nav
        aria-label="Parts of the set"
        className="flex shrink-0 gap-1 overflow-x-auto border-b border-line px-4 md:px-6"
      >
        {casesTabs.map((name) => (
          <Link
            key={name}
            from="/suites/cases/$setId"
            to="."
            search={(old) => ({ ...old, tab: name === "cases" ? undefined : name })}
            aria-current={tab === name ? "page" : undefined}
            className={clsx(
              "border-b-2 px-2.5 py-1.5 text-sm whitespace-nowrap",
              tab === name
                ? "border-accent font-semibold"
                : "border-transparent text-ink-2 hover:text-ink",
            )}
          >
            {tabNames[name]}{" "}
            <span className="num font-normal text-ink-3">{integer(counts[name])}</span>
          </Link>
        ))}
      </nav>
      {tab === "cases" ? (
        <Cases set={set} place={place} onPlace={onPlace} by={by} onBy={setBy} />
      ) : (
        <div className="scroll-thin min-h-0 grow overflow-y-auto">
          {tab === "findings" ? <Findings set={set} /> : <Uncovered set={set} />}
        </div>
      )}
    </>
  );
}

/** What is asked before something is said: who says it, and why. */
type Asking = { what: "accept" | "reject" | "bringBack"; of: ReviewedCase } | null;

function Cases({
  set,
  place,
  onPlace,
  by,
  onBy,
}: {
  set: TestCases;
  place: CasesSearch;
  onPlace: (next: CasesSearch, replace?: boolean) => void;
  by: string;
  onBy: (by: string) => void;
}) {
  const review = useReview(set.jobId);
  const [editing, setEditing] = useState(false);
  const [asking, setAsking] = useState<Asking>(null);
  const all = useMemo(() => inOrder(set.cases), [set.cases]);
  const shown = all.filter(
    ({ standing, type }) =>
      (!place.standing || standing === place.standing) && (!place.type || type === place.type),
  );
  // One that no longer fits the filter stays until somebody goes on.
  const chosen = all.find(({ caseId }) => caseId === place.case);
  const current = chosen ?? shown[0];
  const at = shown.findIndex(({ caseId }) => caseId === current?.caseId);
  const stale = useMemo(() => new Set(set.stale?.map(({ caseId }) => caseId)), [set.stale]);
  const open = set.status !== "complete";
  const to = (next: ReviewedCase | undefined) => next && onPlace({ case: next.caseId });

  const say = async (what: NonNullable<Asking>["what"], of: ReviewedCase, word: Word) => {
    if (word.by !== by) onBy(word.by);
    setAsking(null);
    const next = shown[at + 1] ?? shown[at - 1];
    const done =
      what === "accept"
        ? await review.accept(of, word.by)
        : what === "reject"
          ? await review.reject(of, word)
          : await review.bringBack(of, of.generated ?? of, word);
    if (done && what !== "bringBack" && place.standing) to(next);
  };
  const ask = (what: NonNullable<Asking>["what"]) => {
    if (!current || open || review.busy || editing) return;
    if (what === "reject" || by === "") setAsking({ what, of: current });
    else void say(what, current, { by });
  };
  const accept = () => current?.standing !== "accepted" && ask("accept");
  const reject = () => current?.standing !== "rejected" && ask("reject");
  const edit = () => !open && current && setEditing(true);
  useShortcuts([
    { keys: "j", label: "Next case", group: "This page", run: () => to(shown[at + 1]) },
    {
      keys: "k",
      label: "Previous case",
      group: "This page",
      run: () => to(at < 0 ? shown[0] : shown[at - 1]),
    },
    { keys: "a", label: "Accept the case", group: "This page", run: accept },
    { keys: "r", label: "Reject the case", group: "This page", run: reject },
    { keys: "e", label: "Edit the case", group: "This page", run: edit },
  ]);
  return (
    <div className="flex min-h-0 grow">
      <div
        className={clsx(
          "flex w-full shrink-0 flex-col md:w-80 md:border-r md:border-line",
          chosen && "max-md:hidden",
        )}
      >
        <Narrow cases={all} place={place} onPlace={onPlace} />
        <nav aria-label="Cases" className="scroll-thin min-h-0 grow overflow-y-auto">
          <CaseList cases={shown} current={current?.caseId} stale={stale} />
          {shown.length === 0 && all.length > 0 && (
            <Notice
              icon={<SearchX />}
              title="No case fits"
              actions={
                <Button onClick={() => onPlace({ standing: undefined, type: undefined })}>
                  Show all cases
                </Button>
              }
            />
          )}
          {all.length === 0 && (
            <Notice icon={<ListChecks />} title={open ? "No cases yet" : "No cases came of it"}>
              {open && "They are listed here as they are made."}
            </Notice>
          )}
        </nav>
      </div>
      <div
        className={clsx(
          "scroll-thin min-h-0 min-w-0 grow overflow-y-auto",
          !chosen && "max-md:hidden",
        )}
      >
        {chosen && (
          <div className="border-b border-line px-3 py-1.5 md:hidden">
            <Button look="quiet" size="sm" onClick={() => onPlace({ case: undefined })}>
              <ArrowLeft aria-hidden="true" /> All cases
            </Button>
          </div>
        )}
        {current && editing ? (
          <Suspense>
            <CaseForm
              key={current.caseId}
              one={current}
              by={by}
              busy={review.busy}
              onSave={async (seen, body) => {
                if (body.by !== by) onBy(body.by);
                await review.edit(seen, body);
              }}
              onClose={() => setEditing(false)}
            />
          </Suspense>
        ) : (
          current && (
            <CaseView
              key={current.caseId}
              one={current}
              actions={{
                ...{ accept, reject, edit, open, busy: review.busy },
                bringBack: () => ask("bringBack"),
              }}
              behind={<Behind jobId={set.jobId} caseId={current.caseId} />}
              note={
                stale.has(current.caseId) && (
                  <Suspense>
                    <StaleNote set={set} caseId={current.caseId} />
                  </Suspense>
                )
              }
            />
          )
        )}
      </div>
      {asking && (
        <Suspense>
          <WordDialog
            title={asking.what === "reject" ? "Reject the case" : "Who says so?"}
            description={asking.of.title}
            label={{ accept: "Accept", reject: "Reject", bringBack: "Bring it back" }[asking.what]}
            by={by}
            why={asking.what === "reject"}
            onSay={(word) => void say(asking.what, asking.of, word)}
            onClose={() => setAsking(null)}
          />
        </Suspense>
      )}
    </div>
  );
}

/** Looked up when somebody asks: it reads proofs. */
function Behind({ jobId, caseId }: { jobId: string; caseId: string }) {
  const [shown, setShown] = useState(false);
  if (!shown) {
    return (
      <Button size="sm" className="self-start" onClick={() => setShown(true)}>
        Show what stands behind it
      </Button>
    );
  }
  return (
    <section>
      <h3 className="mb-1.5 text-xs font-semibold text-ink-3">What stands behind it</h3>
      <Suspense>
        <CaseTrace jobId={jobId} caseId={caseId} />
      </Suspense>
    </section>
  );
}

function Narrow({
  cases,
  place,
  onPlace,
}: {
  cases: ReviewedCase[];
  place: CasesSearch;
  onPlace: (next: CasesSearch, replace?: boolean) => void;
}) {
  const standing = (each: Standing) => cases.filter((one) => one.standing === each).length;
  const type = (each: CaseType) => cases.filter((one) => one.type === each).length;
  return (
    <search className="flex gap-2 border-b border-line px-3 py-2">
      <Select
        aria-label="Review"
        className="min-w-0 grow"
        value={place.standing ?? ""}
        onChange={(event) =>
          onPlace({ standing: (event.target.value || undefined) as Standing | undefined })
        }
      >
        <option value="">All reviews</option>
        {standings.map((each) => (
          <option key={each} value={each}>
            {standingNames[each]} ({standing(each)})
          </option>
        ))}
      </Select>
      <Select
        aria-label="Type"
        className="min-w-0 grow"
        value={place.type ?? ""}
        onChange={(event) =>
          onPlace({ type: (event.target.value || undefined) as CaseType | undefined })
        }
      >
        <option value="">All types</option>
        {caseTypes.map((each) => (
          <option key={each} value={each}>
            {typeNames[each]} ({type(each)})
          </option>
        ))}
      </Select>
    </search>
  );
}
