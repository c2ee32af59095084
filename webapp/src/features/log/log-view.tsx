import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ChevronDown, ChevronUp } from "lucide-react";
import { useMemo, useRef } from "react";
import { Notice } from "@/components/fault";
import { Button } from "@/components/ui/button";
import { stripAnsi } from "@/lib/ansi";
import type { LogLine } from "@/lib/api";
import { integer } from "@/lib/time";
import { useFollow, useHits } from "./follow";
import { LINE, Line } from "./line";
import { Toolbar } from "./toolbar";
import { useAllLines, useLogHead, useLogLines, useMatching } from "./use-log";

const levels = ["debug", "info", "warn", "error"] as const;

export interface LogPlace {
  attempt?: number;
  line?: number;
  level?: string;
  find?: string;
}

/**
 * The log of one attempt. It follows its end until the person scrolls up, and goes on when they
 * come back. Lines have one height and are parsed when they come into sight, so that a long log
 * costs what is on screen.
 */
export function LogView({
  jobId,
  attempts,
  attempt,
  joinedAttempt,
  live,
  atEnd,
  place,
  onPlace,
}: {
  jobId: string;
  attempts: number;
  attempt: number;
  /** The attempt at whose end the stream joined: it and later ones are followed, not asked for. */
  joinedAttempt: number;
  live: boolean;
  /** Open at the end although nothing follows: where a failure is told. */
  atEnd: boolean;
  place: LogPlace;
  onPlace: (place: LogPlace) => void;
}) {
  const head = useLogHead(jobId, attempt, attempt >= joinedAttempt);
  const total = head?.total ?? 0;
  const find = place.find?.toLowerCase() ?? "";
  const all = useAllLines(jobId, attempt, find !== "" || place.level !== undefined);
  const shown = useMatching(all.data, useLevelTest(place.level));
  const hits = useMatching(all.data, useFindTest(find));

  if (attempt === 0) {
    return <Notice title="Nothing has run yet">The log starts with the first attempt.</Notice>;
  }
  return (
    <div className="flex min-h-0 grow flex-col">
      <Toolbar
        jobId={jobId}
        attempts={attempts}
        attempt={attempt}
        total={total}
        shown={shown?.length ?? null}
        place={place}
        onPlace={onPlace}
      />
      {head?.truncated && (
        <p className="bg-warn/10 px-4 py-1 text-xs md:px-6">
          The job used up its output budget: later lines were dropped.
        </p>
      )}
      {all.isFetching && (
        <p role="status" className="px-4 py-1 text-xs text-ink-2 md:px-6">
          Reading all {integer(total)} lines…
        </p>
      )}
      <Lines
        key={`${attempt}`}
        jobId={jobId}
        attempt={attempt}
        total={total}
        shown={shown}
        hits={hits}
        find={find}
        live={live}
        atEnd={atEnd}
        line={place.line}
        onLine={(line) => onPlace({ line })}
      />
    </div>
  );
}

function useLevelTest(level: string | undefined) {
  return useMemo(() => {
    const least = levels.indexOf(level as (typeof levels)[number]);
    if (least < 0) return null;
    return (line: LogLine) => levels.indexOf(line.level ?? "info") >= least;
  }, [level]);
}

function useFindTest(find: string) {
  return useMemo(
    () => (find ? (line: LogLine) => stripAnsi(line.text).toLowerCase().includes(find) : null),
    [find],
  );
}

function Lines({
  jobId,
  attempt,
  total,
  shown,
  hits,
  find,
  live,
  atEnd,
  line,
  onLine,
}: {
  jobId: string;
  attempt: number;
  total: number;
  /** Indices that a filter leaves, null without one. */
  shown: number[] | null;
  hits: number[] | null;
  find: string;
  live: boolean;
  atEnd: boolean;
  line: number | undefined;
  onLine: (line: number) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const count = shown?.length ?? total;
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 24,
  });
  const items = rows.getVirtualItems();
  const indexOf = (row: number) => (shown ? (shown[row] ?? 0) : row);
  const lineAt = useLogLines(
    jobId,
    attempt,
    total,
    indexOf(items[0]?.index ?? 0),
    indexOf(items.at(-1)?.index ?? 0),
  );
  const { following, missed, follow } = useFollow(scroller, count, live || atEnd, line);
  const current = useHits(scroller, hits, shown);

  return (
    <div className="relative min-h-0 grow">
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={`Log of attempt ${attempt}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable
        tabIndex={0}
        data-testid="log"
        data-following={following}
        className="scroll-thin h-full overflow-auto border-t border-line bg-panel font-mono text-xs"
        style={{ contain: "strict", overflowAnchor: "none" }}
      >
        <div
          className="relative min-w-full"
          style={{ height: count * LINE + 8, width: "max-content" }}
        >
          <div
            className="min-w-full"
            style={{ transform: `translateY(${(items[0]?.index ?? 0) * LINE}px)` }}
          >
            {items.map(({ index }) => {
              const at = indexOf(index);
              return (
                <Line
                  key={at}
                  number={at + 1}
                  line={lineAt(at)}
                  linked={line === at + 1}
                  find={find}
                  current={current.index === at}
                  onLine={onLine}
                />
              );
            })}
          </div>
        </div>
      </div>
      {hits && (
        <div className="absolute top-2 right-5 flex items-center gap-1 rounded-md border border-line bg-panel py-0.5 pr-0.5 pl-2.5 text-xs shadow-pop">
          <span className="num" role="status">
            {hits.length === 0
              ? "Not found"
              : `${integer(current.number + 1)} of ${integer(hits.length)}`}
          </span>
          <Button look="quiet" size="sm" onClick={() => current.go(-1)} aria-label="Previous hit">
            <ChevronUp aria-hidden="true" />
          </Button>
          <Button look="quiet" size="sm" onClick={() => current.go(1)} aria-label="Next hit">
            <ChevronDown aria-hidden="true" />
          </Button>
        </div>
      )}
      {!following && live && (
        <Button
          look="primary"
          className="absolute bottom-4 left-1/2 -translate-x-1/2 rounded-full! shadow-pop"
          onClick={follow}
        >
          <ArrowDown aria-hidden="true" />
          {missed > 0 ? `${integer(missed)} new lines` : "Follow"}
        </Button>
      )}
    </div>
  );
}
