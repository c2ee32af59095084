import { clsx } from "clsx";
import { statusLooks } from "@/components/status";
import { useClock } from "@/components/time";
import type { TapeEvent } from "@/lib/api";
import { clock } from "@/lib/clock";
import { type Attempt, type Span, summary } from "@/lib/tape";
import { duration } from "@/lib/time";

/** Each phase has its own pattern as well as its colour. */
const looks: Record<Span["phase"], string> = {
  waiting: "border border-dashed border-(--state-waiting)",
  delayed: "border border-dashed border-(--state-delayed)",
  queued: "border border-(--state-queued) bg-(--state-queued)/15",
  running: "border border-(--state-running) bg-(--state-running)/60",
  stopping: "border border-(--state-stopping) bg-(--state-stopping)/60",
  retrying: "border border-dashed border-(--state-retrying) bg-(--state-retrying)/10",
};

const endings: Record<string, { bar: string; mark: string; word: string }> = {
  succeeded: {
    bar: "border border-(--state-succeeded) bg-(--state-succeeded)/35",
    mark: "✓",
    word: "succeeded",
  },
  failed: {
    bar: "border border-(--state-failed) bg-(--state-failed)/35",
    mark: "✕",
    word: "failed",
  },
  lease_expired: {
    bar: "border border-(--state-failed) bg-(--state-failed)/35",
    mark: "✕",
    word: "worker lost",
  },
  cancelled: {
    bar: "border border-(--state-cancelled) bg-(--state-cancelled)/35",
    mark: "⊘",
    word: "cancelled",
  },
  handed_back: {
    bar: "border border-(--state-queued) bg-(--state-queued)/35",
    mark: "↩",
    word: "handed back",
  },
};

/**
 * The tape as a strip: a row for each attempt with its waits and its run on one scale, and below it
 * a tick for every event. A tick leads to its event; the chosen one is where the playhead stands.
 */
export function Waterfall({
  attempts,
  events,
  live,
  chosen,
  onEvent,
}: {
  attempts: Attempt[];
  events: TapeEvent[];
  live: boolean;
  chosen: number | undefined;
  onEvent: (sequence: number) => void;
}) {
  const now = useClock();
  const start = Date.parse(events[0]?.time ?? "");
  const last = Date.parse(events.at(-1)?.time ?? "");
  if (Number.isNaN(start)) return null;
  const end = Math.max(live ? Math.max(now, last) : last, start + 1);
  const at = (time: number) => ((time - start) / (end - start)) * 100;
  const playhead = events.find((event) => event.sequence === chosen);

  return (
    <section aria-label="Timeline" className="shrink-0 px-4 md:px-6">
      <div className="scroll-thin max-h-44 overflow-y-auto">
        <table className="w-full table-fixed text-xs">
          <caption className="sr-only">
            Attempts with their waits and runs, from {clock(start)} to {clock(end)}
          </caption>
          <colgroup>
            <col className="w-20" />
            <col />
            <col className="w-32 max-sm:w-20" />
          </colgroup>
          <tbody>
            {attempts.map((attempt, i) => (
              <AttemptRow key={i} attempt={attempt} end={end} at={at} />
            ))}
          </tbody>
        </table>
      </div>
      <div className="flex">
        <span className="w-20 shrink-0 pt-1.5 text-2xs text-ink-3">Events</span>
        <ol className="relative h-6 min-w-0 grow border-t border-line" aria-label="Events in time">
          {events.map((event) => (
            <li
              key={event.sequence}
              className="absolute -top-1"
              style={{ left: `${at(Date.parse(event.time))}%` }}
            >
              <button
                type="button"
                onClick={() => onEvent(event.sequence)}
                title={`#${event.sequence} ${event.type} ${clock(event.time, true)} ${summary(event)}`}
                aria-label={`Event ${event.sequence}, ${event.type}`}
                aria-current={event.sequence === chosen ? "true" : undefined}
                className={clsx(
                  "-ml-1.5 flex h-6 w-3 justify-center pt-1 before:block before:h-2 before:w-0.5 before:rounded-full hover:before:h-4",
                  event.sequence === chosen
                    ? "before:h-4 before:bg-accent"
                    : "before:bg-line-strong hover:before:bg-ink",
                )}
              />
            </li>
          ))}
          {playhead && (
            <li
              aria-hidden="true"
              className="pointer-events-none absolute -top-4 h-5 w-px bg-accent"
              style={{ left: `${at(Date.parse(playhead.time))}%` }}
            />
          )}
        </ol>
        <span className="num w-32 shrink-0 pt-1.5 text-right text-2xs text-ink-3 max-sm:w-20">
          {duration(end - start)} in all
        </span>
      </div>
    </section>
  );
}

function AttemptRow({
  attempt,
  end,
  at,
}: {
  attempt: Attempt;
  end: number;
  at: (time: number) => number;
}) {
  const ending = endings[attempt.outcome ?? ""];
  const took = attempt.startedAt && (attempt.finishedAt ?? end) - attempt.startedAt;
  return (
    <tr className="h-6">
      <th scope="row" className="text-left font-normal whitespace-nowrap text-ink-2">
        {attempt.number ? `Attempt ${attempt.number}` : "Next"}
      </th>
      <td className="relative p-0">
        <span className="sr-only">
          {attempt.spans
            .map((span) => `${span.phase} ${duration((span.to ?? end) - span.from)}`)
            .join(", ")}
        </span>
        {attempt.spans.map((span) => {
          const run = span.phase === "running" || span.phase === "stopping";
          const closed = run && ending && attempt.spans.at(-1) === span;
          return (
            <span
              key={`${span.phase} ${span.from}`}
              title={`${statusLooks[span.phase].label} ${duration((span.to ?? end) - span.from)}`}
              className={clsx(
                "absolute top-1/2 h-3 min-w-0.5 -translate-y-1/2 rounded-xs",
                closed ? ending.bar : looks[span.phase],
                !run && "h-2",
                span.to === undefined && run && "animate-[breathe_1.8s_ease-in-out_infinite]",
              )}
              style={{
                left: `${at(span.from)}%`,
                width: `${Math.max(0, at(span.to ?? end) - at(span.from))}%`,
              }}
            />
          );
        })}
      </td>
      <td className="num truncate pl-3 text-right text-ink-2">
        {ending && (
          <span className="mr-1.5">
            <span aria-hidden="true">{ending.mark}</span>{" "}
            <span className="max-sm:sr-only">{ending.word}</span>
          </span>
        )}
        {took ? duration(took) : ""}
      </td>
    </tr>
  );
}
