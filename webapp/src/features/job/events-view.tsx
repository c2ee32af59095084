import { Link as LinkIcon } from "lucide-react";
import { Fragment, useEffect, useRef } from "react";
import { Json } from "@/components/json";
import { Button } from "@/components/ui/button";
import type { TapeEvent } from "@/lib/api";
import { copyText } from "@/lib/clipboard";
import { clock } from "@/lib/clock";
import { summary } from "@/lib/tape";
import { duration, stamp } from "@/lib/time";

/** The job's state events, each with its whole envelope one click away and an address of its own. */
export function EventsView({
  events,
  open,
  onOpen,
}: {
  events: TapeEvent[];
  open: number | undefined;
  onOpen: (sequence: number | undefined) => void;
}) {
  const target = useRef<HTMLTableRowElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls whenever another one is opened
  useEffect(() => target.current?.scrollIntoView?.({ block: "nearest" }), [open]);
  return (
    <div className="scroll-thin relative min-h-0 grow overflow-auto border-t border-line bg-panel">
      <table className="w-full border-separate border-spacing-0 text-sm" aria-label="Events">
        <thead>
          <tr className="[&>th]:sticky [&>th]:top-0 [&>th]:z-10 [&>th]:h-8 [&>th]:border-b [&>th]:border-line [&>th]:bg-ground [&>th]:px-2 [&>th]:text-left [&>th]:text-xs [&>th]:font-medium [&>th]:text-ink-3">
            <th className="pl-4! text-right! md:pl-6!">#</th>
            <th>Time</th>
            <th className="text-right! max-sm:hidden">After</th>
            <th>Event</th>
            <th className="max-sm:hidden">What it says</th>
            <th className="pr-6! max-md:hidden">By</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event, i) => {
            const before = events[i - 1];
            const isOpen = event.sequence === open;
            return (
              <Fragment key={event.sequence}>
                <tr
                  ref={isOpen ? target : undefined}
                  data-event={event.sequence}
                  className={
                    "[&>td]:h-9 [&>td]:border-b [&>td]:border-line [&>td]:px-2 " +
                    (isOpen ? "bg-select" : "hover:bg-well/60")
                  }
                >
                  <td className="num pl-4! text-right text-ink-3 md:pl-6!">{event.sequence}</td>
                  <td className="num whitespace-nowrap" title={stamp(event.time)}>
                    {clock(event.time, true)}
                  </td>
                  <td className="num text-right whitespace-nowrap text-ink-3 max-sm:hidden">
                    {before && `+${duration(Date.parse(event.time) - Date.parse(before.time))}`}
                  </td>
                  <td>
                    <button
                      type="button"
                      aria-expanded={isOpen}
                      onClick={() => onOpen(isOpen ? undefined : event.sequence)}
                      className="font-mono text-xs underline decoration-line-strong underline-offset-3 hover:decoration-ink"
                    >
                      {event.type}
                    </button>
                  </td>
                  <td className="max-w-xl truncate text-ink-2 max-sm:hidden">{summary(event)}</td>
                  <td className="truncate pr-6! text-ink-3 max-md:hidden">
                    {event.actor ?? event.source}
                  </td>
                </tr>
                {isOpen && (
                  <tr>
                    <td colSpan={6} className="border-b border-line px-4 py-3 md:px-6">
                      <Envelope event={event} />
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Envelope({ event }: { event: TapeEvent }) {
  return (
    <div className="grid gap-3">
      <div className="flex items-center gap-3">
        <p className="min-w-0 grow text-sm text-ink-2">
          <span className="sm:hidden">{summary(event)} </span>
          Stored at {stamp(event.time)} as {event.stream} #{event.sequence}
        </p>
        <Button size="sm" onClick={() => void copyText(window.location.href, "Link copied")}>
          <LinkIcon aria-hidden="true" /> Copy link
        </Button>
      </div>
      <Json value={event} label={`Envelope of event ${event.sequence}`} />
    </div>
  );
}
