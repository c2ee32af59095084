import { Link } from "@tanstack/react-router";
import { Check, Pencil, Undo2, X } from "lucide-react";
import type { ReactNode } from "react";
import { DiffView } from "@/components/diff-view";
import { Ago } from "@/components/time";
import { Button } from "@/components/ui/button";
import { Kbd } from "@/components/ui/kbd";
import type { CaseStep, ReviewedCase } from "@/lib/suites-api";
import { ClassMark, StandingMark, Tag } from "./case-marks";
import { Citations } from "./citations";
import { classNames, textOf, typeNames } from "./words";

/** What can be done with the case that is shown. */
export interface CaseActions {
  accept: () => void;
  reject: () => void;
  edit: () => void;
  bringBack: () => void;
  busy: boolean;
  /** They are still being generated: nothing can be said of them yet. */
  open: boolean;
}

/** One case: its steps with what demands them beside, what was changed, and what was said of it. */
export function CaseView({
  one,
  actions,
  note,
  behind,
}: {
  one: ReviewedCase;
  actions: CaseActions;
  /** What is to be known before it is reviewed. */
  note?: ReactNode;
  /** What stands behind it. */
  behind?: ReactNode;
}) {
  const { preconditions = [], sources = [], tags = [], why } = one;
  return (
    <article aria-labelledby="case-title" className="flex flex-col gap-5 p-4 md:px-6">
      <header className="flex flex-col gap-2">
        <h2 id="case-title" className="text-lg font-semibold wrap-anywhere">
          {one.title}
        </h2>
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
          <StandingMark standing={one.standing} />
          <ClassMark proof={one.proof} />
          {one.candidate && one.proof === "manual" && (
            <span className="text-xs text-ink-3">
              could become: {classNames[one.candidate].toLowerCase()}
            </span>
          )}
          <span className="text-xs text-ink-3">
            {typeNames[one.type]}, {one.priority} priority
          </span>
          {tags.map((tag) => (
            <Tag key={tag}>{tag}</Tag>
          ))}
          {one.proofId && (
            <Link
              to="/jobs/$jobId"
              params={{ jobId: one.proofId }}
              className="text-xs underline underline-offset-2"
            >
              The proof
            </Link>
          )}
        </div>
        <Actions one={one} actions={actions} />
        {why && <p className="max-w-prose text-sm text-ink-2">{why}</p>}
      </header>
      {note}
      {sources.length > 0 && (
        <Part title="Demanded by">
          <Citations list={sources} label="Demanded by" />
        </Part>
      )}
      {preconditions.length > 0 && (
        <Part title="Before it begins">
          <ul className="flex list-disc flex-col gap-0.5 pl-5 text-sm">
            {preconditions.map((each) => (
              <li key={each} className="wrap-anywhere">
                {each}
              </li>
            ))}
          </ul>
        </Part>
      )}
      <Part title="Steps">
        <ol className="flex flex-col overflow-hidden rounded-md border border-line bg-panel">
          {one.steps.map((step, i) => (
            <StepLine key={step.stepId} step={step} number={i + 1} />
          ))}
        </ol>
      </Part>
      <Changes one={one} actions={actions} />
      <Said one={one} />
      {behind}
    </article>
  );
}

function Actions({ one, actions }: { one: ReviewedCase; actions: CaseActions }) {
  const { busy, open } = actions;
  const off = busy || open;
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Button look="primary" disabled={off || one.standing === "accepted"} onClick={actions.accept}>
        <Check aria-hidden="true" /> Accept
        <Key>a</Key>
      </Button>
      <Button disabled={off || one.standing === "rejected"} onClick={actions.reject}>
        <X aria-hidden="true" /> Reject…
        <Key>r</Key>
      </Button>
      <Button disabled={off} onClick={actions.edit}>
        <Pencil aria-hidden="true" /> Edit
        <Key>e</Key>
      </Button>
      {open && (
        <span className="text-sm text-ink-3">
          They can be reviewed once all have been generated.
        </span>
      )}
    </div>
  );
}

function Key({ children }: { children: ReactNode }) {
  return (
    <span aria-hidden="true" className="max-md:hidden">
      <Kbd>{children}</Kbd>
    </span>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-1.5 text-xs font-semibold text-ink-3">{title}</h3>
      {children}
    </section>
  );
}

function StepLine({ step, number }: { step: CaseStep; number: number }) {
  const { action, data, expected, sources = [], expectedSources = [] } = step;
  return (
    <li className="grid gap-x-6 gap-y-2 border-b border-line px-3 py-2.5 last:border-0 lg:grid-cols-[minmax(0,1fr)_minmax(0,20rem)]">
      <div className="flex min-w-0 gap-3 text-sm">
        <span className="num w-5 shrink-0 text-right text-ink-3">{number}</span>
        <div className="flex min-w-0 flex-col gap-1">
          <p className="wrap-anywhere whitespace-pre-wrap">{action}</p>
          {data && (
            <p className="wrap-anywhere">
              <span className="text-ink-3">Data </span>
              <span className="font-mono text-xs whitespace-pre-wrap">{data}</span>
            </p>
          )}
          {expected && (
            <p className="wrap-anywhere whitespace-pre-wrap">
              <span className="text-ink-3">Expected </span>
              {expected}
            </p>
          )}
        </div>
      </div>
      <Citations list={[...sources, ...expectedSources]} label={`Sources of step ${number}`} />
    </li>
  );
}

/** What people made of what was generated. */
function Changes({ one, actions }: { one: ReviewedCase; actions: CaseActions }) {
  const { generated, changes = [] } = one;
  if (!generated || changes.length === 0) return null;
  return (
    <Part title="What differs from what was generated">
      <div className="overflow-hidden rounded-md border border-line bg-panel py-1">
        <DiffView before={textOf(generated)} after={textOf(one)} />
      </div>
      <Button
        size="sm"
        className="mt-2"
        disabled={actions.busy || actions.open}
        onClick={actions.bringBack}
      >
        <Undo2 aria-hidden="true" /> Bring back what was generated
      </Button>
    </Part>
  );
}

const deeds = {
  edited: "edited it",
  accepted: "accepted it",
  rejected: "rejected it",
  exported: "exported it",
  proven: "named its proof",
} as const;

function Said({ one: { history = [] } }: { one: ReviewedCase }) {
  if (history.length === 0) return null;
  return (
    <Part title="What was said of it">
      <ol className="flex flex-col gap-1.5 text-sm">
        {history.toReversed().map(({ at, by, what, reason, format }, i) => (
          <li key={i} className="flex flex-wrap items-baseline gap-x-2">
            <span className="font-medium wrap-anywhere">{by}</span>
            <span>
              {deeds[what]}
              {format && ` as ${format}`}
            </span>
            <span className="text-xs text-ink-3">
              <Ago time={at} />
            </span>
            {reason && <span className="w-full wrap-anywhere text-ink-2">“{reason}”</span>}
          </li>
        ))}
      </ol>
    </Part>
  );
}
