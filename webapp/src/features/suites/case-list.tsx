import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { useEffect, useRef } from "react";
import type { ReviewedCase } from "@/lib/suites-api";
import { StaleMark, StandingMark } from "./case-marks";
import { caseTypes } from "./search";
import { classNames, typeNames } from "./words";

/** The cases as a person goes through them: by type, in the order in which they were generated. */
export function inOrder(cases: ReviewedCase[]): ReviewedCase[] {
  return caseTypes.flatMap((type) => cases.filter((each) => each.type === type));
}

export function CaseList({
  cases,
  current,
  stale,
}: {
  /** In order. */
  cases: ReviewedCase[];
  current: string | undefined;
  /** Ids of those whose documents have changed. */
  stale: Set<string>;
}) {
  return caseTypes.map((type) => {
    const own = cases.filter((each) => each.type === type);
    if (own.length === 0) return null;
    return (
      <section key={type} aria-label={`${typeNames[type]} cases`}>
        <h2 className="sticky top-0 z-10 flex justify-between border-b border-line bg-ground px-3 py-1 text-xs font-semibold text-ink-3">
          {typeNames[type]} <span className="num font-normal">{own.length}</span>
        </h2>
        <ol>
          {own.map((each) => (
            <CaseLine
              key={each.caseId}
              one={each}
              on={each.caseId === current}
              stale={stale.has(each.caseId)}
            />
          ))}
        </ol>
      </section>
    );
  });
}

function CaseLine({ one, on, stale }: { one: ReviewedCase; on: boolean; stale: boolean }) {
  const line = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (on) line.current?.scrollIntoView?.({ block: "nearest" });
  }, [on]);
  return (
    <li ref={line} className="scroll-mt-8 border-b border-line [content-visibility:auto]">
      <Link
        from="/suites/cases/$setId"
        to="."
        search={(old) => ({ ...old, case: one.caseId })}
        aria-current={on ? "true" : undefined}
        className={clsx(
          "flex flex-col gap-0.5 border-l-2 px-3 py-2",
          on ? "border-accent bg-well" : "border-transparent hover:bg-well",
        )}
      >
        <span
          className={clsx(
            "line-clamp-3 text-sm wrap-anywhere",
            one.standing === "rejected" && "text-ink-3 line-through",
          )}
        >
          {one.title}
        </span>
        <span className="flex flex-wrap items-center gap-x-3 text-xs text-ink-3">
          <StandingMark standing={one.standing} small />
          {stale && <StaleMark />}
          {one.proof !== "manual" && <span>{classNames[one.proof]}</span>}
        </span>
      </Link>
    </li>
  );
}
