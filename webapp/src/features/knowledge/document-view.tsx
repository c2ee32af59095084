import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { useEffect, useRef } from "react";
import { Fault } from "@/components/fault";
import { knowledge, type Passage } from "@/lib/knowledge-api";
import { cells, plain } from "@/lib/plain";
import { keys } from "./keys";
import { RequirementMark } from "./requirement-mark";

/**
 * A document's passages in their order, under their headings. They are shown as the text that they
 * are: what somebody else wrote is never a part of this page.
 */
export function Passages({ documentId, current }: { documentId: string; current?: string }) {
  const query = useQuery({
    queryKey: keys.passages(documentId),
    queryFn: ({ signal }) => knowledge.passages(documentId, signal),
  });
  if (query.isError) return <Fault error={query.error} retry={() => void query.refetch()} />;
  if (query.isPending) return <p role="status">Loading the text…</p>;
  return (
    <div className="flex max-w-prose flex-col gap-2">
      {query.data.map((passage, i) => (
        <div key={passage.passageId} className="contents">
          <Headings passage={passage} before={query.data[i - 1]} />
          <PassageBlock
            passage={passage}
            before={query.data[i - 1]}
            on={passage.passageId === current}
          />
        </div>
      ))}
      {query.data.length === 0 && <p className="text-sm text-ink-2">It has no text.</p>}
    </div>
  );
}

/** The headings that a passage stands under and the one before did not. */
function Headings({ passage, before }: { passage: Passage; before: Passage | undefined }) {
  const had = before?.headings ?? [];
  const now = passage.headings ?? [];
  const first = now.findIndex((heading, i) => heading !== had[i]);
  if (first < 0) return null;
  return now.slice(first).map((heading, i) => {
    const depth = first + i;
    const Heading = depth === 0 ? "h2" : "h3";
    return (
      <Heading
        key={depth + heading}
        className={clsx("mt-3 font-semibold break-words", depth === 0 ? "text-lg" : "text-base")}
      >
        {heading}
      </Heading>
    );
  });
}

function PassageBlock({
  passage,
  before,
  on,
}: {
  passage: Passage;
  before: Passage | undefined;
  on: boolean;
}) {
  const block = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (on) block.current?.scrollIntoView?.({ block: "center" });
  }, [on]);
  const { kind, text, requirement } = passage;
  return (
    <Link
      ref={block}
      from="/knowledge/$documentId"
      to="."
      search={(old) => ({ ...old, passage: passage.passageId })}
      replace
      resetScroll={false}
      className={clsx(
        "flex gap-2 rounded-md border-l-2 px-3 py-1 text-sm",
        on ? "border-accent bg-well" : "border-transparent hover:bg-well",
      )}
    >
      {kind === "item" && (
        <span aria-hidden="true" className="text-ink-3">
          •
        </span>
      )}
      <span className="min-w-0 grow">
        {kind === "row" ? (
          <Row passage={passage} before={before} />
        ) : (
          <span
            className={clsx(
              "block break-words whitespace-pre-wrap",
              kind === "code" && "font-mono text-xs",
            )}
          >
            {kind === "code" ? text : plain(text)}
          </span>
        )}
      </span>
      {requirement && <RequirementMark type={requirement} className="h-fit shrink-0" />}
    </Link>
  );
}

/** A table's row under its head, which is shown once. */
function Row({ passage, before }: { passage: Passage; before: Passage | undefined }) {
  const head = passage.context !== before?.context ? cells(passage.context ?? "") : [];
  const own = cells(passage.text);
  const columns = { gridTemplateColumns: `repeat(${own.length}, minmax(0, 1fr))` };
  return (
    <>
      {head.length > 0 && (
        <span className="grid gap-3 text-xs font-semibold text-ink-3" style={columns}>
          {head.map((cell, i) => (
            <span key={i}>{cell}</span>
          ))}
        </span>
      )}
      <span className="grid gap-3" style={columns}>
        {own.map((cell, i) => (
          <span key={i} className="break-words">
            {cell}
          </span>
        ))}
      </span>
    </>
  );
}

/** What a chosen passage is like, and what the document leads to. */
export function Beside({ documentId, passage }: { documentId: string; passage?: string }) {
  return (
    <aside aria-label="Beside the text" className="flex flex-col gap-5 text-sm">
      {passage && <Similar passage={passage} />}
      <Related documentId={documentId} />
    </aside>
  );
}

function Similar({ passage }: { passage: string }) {
  const { data = [], isPending } = useQuery({
    queryKey: keys.similar(passage),
    queryFn: ({ signal }) => knowledge.similar(passage, signal),
  });
  return (
    <section>
      <h2 className="mb-1.5 text-xs font-semibold text-ink-3">Similar passages elsewhere</h2>
      {isPending ? (
        <p role="status">Looking…</p>
      ) : data.length === 0 ? (
        <p className="text-ink-3">None shares its rarer words.</p>
      ) : (
        <ul className="flex flex-col gap-2">
          {data.map((hit) => (
            <li key={hit.passageId}>
              <Link
                to="/knowledge/$documentId"
                params={{ documentId: hit.documentId }}
                search={{ passage: hit.passageId }}
                className="group block"
              >
                <span className="block font-medium group-hover:underline">{hit.title}</span>
                <span className="line-clamp-2 text-ink-2">{plain(hit.text)}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const shownRelations = 50;

function Related({ documentId }: { documentId: string }) {
  const { data = [] } = useQuery({
    queryKey: keys.relations(documentId),
    queryFn: ({ signal }) => knowledge.relations(documentId, signal),
  });
  if (data.length === 0) return null;
  return (
    <section>
      <h2 className="mb-1.5 text-xs font-semibold text-ink-3">Relations ({data.length})</h2>
      <ul className="flex flex-col gap-1">
        {data.slice(0, shownRelations).map((rel, i) => {
          const name = rel.title || rel.key || rel.url || rel.documentId;
          return (
            <li key={i} className="flex gap-1.5">
              <span className="shrink-0 text-ink-3">
                {rel.incoming ? `← ${rel.type}` : rel.type}
              </span>
              {rel.documentId ? (
                <Link
                  to="/knowledge/$documentId"
                  params={{ documentId: rel.documentId }}
                  className="truncate underline underline-offset-2"
                >
                  {name}
                </Link>
              ) : (
                <span className="truncate" title="It is not among what is known">
                  {name}
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
