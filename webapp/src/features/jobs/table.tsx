import { useVirtualizer } from "@tanstack/react-virtual";
import { clsx } from "clsx";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/field";
import type { Job } from "@/lib/api";
import { useStored } from "@/lib/hooks";
import { integer } from "@/lib/time";
import { ROW, Row } from "./row";
import type { Sort, SortKey } from "./search";
import { isSelected, type Selection } from "./selection";
import { useAnchor, useOpenJob, useRowKeys } from "./table-hooks";

/**
 * The jobs as a real table of which only the rows in sight exist: spacer rows stand for the rest.
 * New rows above do not move what a person looks at, unless they look at the very top.
 */
export function JobsTable({
  jobs,
  total,
  sort,
  onSort,
  selection,
  onToggle,
  onToggleAll,
  onEnd,
  loadingMore,
}: {
  jobs: Job[];
  total: number | undefined;
  sort: Sort;
  onSort: (sort: Sort) => void;
  selection: Selection;
  onToggle: (index: number, range: boolean) => void;
  onToggleAll: () => void;
  onEnd: () => void;
  loadingMore: boolean;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: jobs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const items = rows.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  const { arrived, toTop } = useAnchor(scroller, jobs);
  const active = useRowKeys(scroller, jobs, onToggle);
  const end = useStored(onEnd);
  const openJob = useOpenJob();

  useEffect(() => {
    if (jobs.length > 0 && last >= jobs.length - 40) end.current();
  }, [last, jobs.length, end]);

  const allLoaded = jobs.length > 0 && jobs.every((job) => isSelected(selection, job.jobId));
  return (
    <div className="relative min-h-0 grow">
      <div
        ref={scroller}
        className="scroll-thin h-full overflow-y-auto border-t border-line bg-panel"
        style={{ contain: "strict", overflowAnchor: "none" }}
      >
        <table
          className="w-full table-fixed border-separate border-spacing-0 text-sm"
          aria-rowcount={total ?? -1}
          aria-label="Jobs"
        >
          <Columns />
          <thead>
            <tr className="[&>th]:sticky [&>th]:top-0 [&>th]:z-10 [&>th]:h-8 [&>th]:border-b [&>th]:border-line [&>th]:bg-ground [&>th]:px-2 [&>th]:text-left [&>th]:text-xs [&>th]:font-medium [&>th]:text-ink-3">
              <th className="pl-4! md:pl-6!">
                <Checkbox
                  aria-label="Select all loaded jobs"
                  checked={selection.all || allLoaded}
                  onChange={onToggleAll}
                  className="align-middle"
                />
              </th>
              <Head name="status" {...{ sort, onSort }}>
                <span className="max-sm:sr-only">Status</span>
              </Head>
              <Head name="kind" {...{ sort, onSort }}>
                Job
              </Head>
              <th className="hidden lg:table-cell">Last word</th>
              <Head name="queue" {...{ sort, onSort }} className="hidden xl:table-cell">
                Queue
              </Head>
              <Head
                name="attempt"
                {...{ sort, onSort }}
                className="hidden text-right! sm:table-cell"
              >
                Attempt
              </Head>
              <Head
                name="duration"
                {...{ sort, onSort }}
                className="hidden text-right! sm:table-cell"
              >
                Took
              </Head>
              <Head name="createdAt" {...{ sort, onSort }} className="pr-4! text-right! md:pr-6!">
                Created
              </Head>
            </tr>
          </thead>
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link is a click, too */}
          <tbody onClick={openJob}>
            <Spacer height={first * ROW} />
            {items.map(({ index }) => {
              const job = jobs[index];
              return (
                job && (
                  <Row
                    key={job.jobId}
                    job={job}
                    index={index}
                    selected={isSelected(selection, job.jobId)}
                    active={active === index}
                    onToggle={onToggle}
                  />
                )
              );
            })}
            <Spacer height={Math.max(0, jobs.length - last - 1) * ROW} />
          </tbody>
        </table>
        {loadingMore && (
          <p className="py-3 text-center text-sm text-ink-3" role="status">
            Loading more…
          </p>
        )}
      </div>
      {arrived > 0 && (
        <Button
          look="primary"
          className="absolute top-11 left-1/2 -translate-x-1/2 rounded-full! shadow-pop"
          onClick={toTop}
        >
          <ArrowUp aria-hidden="true" />
          {integer(arrived)} new
        </Button>
      )}
    </div>
  );
}

/** A column that can be sorted by: once in its usual direction, then in the other one. */
function Head({
  name,
  sort,
  onSort,
  className,
  children,
}: {
  name: SortKey;
  sort: Sort;
  onSort: (sort: Sort) => void;
  className?: string;
  children: ReactNode;
}) {
  const on = sort === name || sort === `-${name}`;
  const down = sort.startsWith("-");
  const first: Sort = ["createdAt", "duration", "attempt"].includes(name) ? `-${name}` : name;
  const next: Sort = !on ? first : down ? name : `-${name}`;
  return (
    <th className={className} aria-sort={on ? (down ? "descending" : "ascending") : undefined}>
      <button
        type="button"
        onClick={() => onSort(next)}
        className={clsx("inline-flex items-center gap-1 hover:text-ink", on && "text-ink")}
      >
        {children}
        {on && (down ? <ArrowDown className="size-3" /> : <ArrowUp className="size-3" />)}
      </button>
    </th>
  );
}

function Columns() {
  return (
    <colgroup>
      <col className="w-10 md:w-12" />
      <col className="w-10 sm:w-32" />
      <col className="lg:w-[30%]" />
      <col className="hidden lg:table-column" />
      <col className="hidden w-36 xl:table-column" />
      <col className="hidden w-18 sm:table-column" />
      <col className="hidden w-22 sm:table-column" />
      <col className="w-24 md:w-28" />
    </colgroup>
  );
}

function Spacer({ height }: { height: number }) {
  if (height === 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a spacer row cannot take the focus
    <tr aria-hidden="true" style={{ height }}>
      <td />
    </tr>
  );
}
