import { Link } from "@tanstack/react-router";
import { Ago } from "@/components/time";
import type { Hit, KnownDocument } from "@/lib/knowledge-api";
import { RequirementMark } from "./requirement-mark";

/** A piece of Markdown: emphasis may begin in one and end in another. */
const bare = (piece: string) => piece.replaceAll("**", "");

/** Passages that were found, each with the part of it that shows why. */
export function Hits({ hits }: { hits: Hit[] }) {
  return (
    <ol aria-label="Passages" className="flex flex-col">
      {hits.map((hit) => (
        <li key={hit.passageId} className="border-b border-line py-3 first:pt-0 last:border-0">
          <Link
            to="/knowledge/$documentId"
            params={{ documentId: hit.documentId }}
            search={{ passage: hit.passageId }}
            className="group flex flex-col gap-1"
          >
            <span className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
              <span className="font-medium group-hover:underline">{hit.title}</span>
              {hit.headings?.length ? (
                <span className="text-sm text-ink-3">{hit.headings.join(" › ")}</span>
              ) : null}
              {hit.requirement && <RequirementMark type={hit.requirement} />}
            </span>
            <span className="max-w-prose text-sm break-words text-ink-2">
              {hit.snippet.map((part, i) =>
                part.match ? (
                  <mark key={i} className="rounded-sm bg-hit px-0.5 text-ink">
                    {bare(part.text)}
                  </mark>
                ) : (
                  <span key={i}>{bare(part.text)}</span>
                ),
              )}
            </span>
            {hit.url && <span className="truncate text-xs text-ink-3">{hit.url}</span>}
          </Link>
        </li>
      ))}
    </ol>
  );
}

export function Documents({ documents }: { documents: KnownDocument[] }) {
  return (
    <ul aria-label="Documents" className="flex flex-col">
      {documents.map((doc) => (
        <li key={doc.documentId} className="border-b border-line last:border-0">
          <Link
            to="/knowledge/$documentId"
            params={{ documentId: doc.documentId }}
            className="group flex items-baseline gap-4 py-2"
          >
            <span className="flex min-w-0 grow flex-col">
              <span className="truncate text-sm font-medium group-hover:underline">
                {doc.title}
              </span>
              <span className="truncate text-xs text-ink-3">{doc.fault ?? doc.url ?? doc.key}</span>
            </span>
            <span className="shrink-0 text-xs text-ink-3 max-sm:hidden">{doc.kind}</span>
            <span className="num shrink-0 text-xs text-ink-2">
              {doc.requirements > 0 &&
                `${doc.requirements} ${doc.requirements === 1 ? "requirement" : "requirements"}`}
            </span>
            <span className="w-20 shrink-0 text-right text-xs text-ink-3">
              <Ago time={doc.updatedAt} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
