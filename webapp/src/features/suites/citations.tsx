import { Link } from "@tanstack/react-router";
import { FileText, Film } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { plain } from "@/lib/plain";
import type { Citation } from "@/lib/suites-api";

/** So many are shown before somebody asks for the others. */
const FEW = 3;

/** Where something comes from, word for word: what documents say first. */
export function Citations({ list, label }: { list: Citation[]; label: string }) {
  const [all, setAll] = useState(false);
  const sorted = distinct(list);
  const shown = all ? sorted : sorted.slice(0, FEW);
  if (sorted.length === 0) return null;
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <ul aria-label={label} className="flex min-w-0 flex-col gap-1.5">
        {shown.map((each, i) => (
          <li key={i} className="min-w-0">
            <Quote citation={each} />
          </li>
        ))}
      </ul>
      {shown.length < sorted.length && (
        <Button look="quiet" size="sm" className="self-start" onClick={() => setAll(true)}>
          {sorted.length - shown.length} more
        </Button>
      )}
    </div>
  );
}

/** Each place once; passages before places of the recording. */
function distinct(list: Citation[]): Citation[] {
  const seen = new Map<string, Citation>();
  for (const each of list) {
    const { origin, passageId, recordingId, stepId, file, entry, quote } = each;
    const key = JSON.stringify([origin, passageId, recordingId, stepId, file, entry, quote]);
    if (!seen.has(key)) seen.set(key, each);
  }
  const of = ({ origin }: Citation) => Number(origin !== "passage");
  return [...seen.values()].sort((a, b) => of(a) - of(b));
}

/** What is quoted is what somebody else wrote: it is text and nothing else. */
export function Quote({ citation }: { citation: Citation }) {
  const passage = citation.origin === "passage";
  const Icon = passage ? FileText : Film;
  return (
    <figure className="flex min-w-0 flex-col gap-0.5 border-l-2 border-line pl-2.5 text-xs">
      <blockquote
        className={
          passage
            ? "break-words whitespace-pre-wrap text-ink"
            : "font-mono text-2xs break-words text-ink-2"
        }
      >
        {passage ? plain(citation.quote) : citation.quote}
      </blockquote>
      <figcaption className="flex min-w-0 items-center gap-1 text-ink-3">
        <Icon aria-hidden="true" className="size-3 shrink-0" />
        <Place citation={citation} />
      </figcaption>
    </figure>
  );
}

function Place({ citation }: { citation: Citation }) {
  const look =
    "min-w-0 truncate underline decoration-line-strong underline-offset-2 hover:text-ink";
  const { documentId, passageId, recordingId, headings = [], title } = citation;
  if (documentId) {
    // The document's title is often its first heading as well.
    const path = [title ?? "A document", ...headings.filter((heading) => heading !== title)];
    return (
      <Link
        to="/knowledge/$documentId"
        params={{ documentId }}
        search={{ passage: passageId }}
        className={look}
        title={path.join(" › ")}
      >
        {path.join(" › ")}
      </Link>
    );
  }
  if (recordingId) {
    const { stepId, entry, version } = citation;
    return (
      <Link
        to="/recordings/$recordingId"
        params={{ recordingId }}
        search={{
          step: stepId,
          v: version,
          entry,
          tab: entry === undefined ? undefined : "network",
        }}
        className={look}
      >
        {stepId ? `Step ${stepId} of the recording` : (title ?? citation.file ?? "The recording")}
      </Link>
    );
  }
  return <span className="truncate">{title ?? citation.url ?? "Unknown"}</span>;
}
