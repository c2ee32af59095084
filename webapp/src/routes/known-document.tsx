import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { ChevronRight, ExternalLink, FileText, Trash2 } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { Ago } from "@/components/time";
import { Button, buttonClass } from "@/components/ui/button";
import { Beside, Passages } from "@/features/knowledge/document-view";
import { keys } from "@/features/knowledge/keys";
import { useKnowledgeAction } from "@/features/knowledge/use-knowledge";
import { useRefreshOnEvents } from "@/features/live/use-refresh";
import { apiURL } from "@/lib/api";
import { type DocumentDetail, knowledge } from "@/lib/knowledge-api";
import { patient } from "@/lib/patient";

const DocumentTests = lazy(
  patient(() =>
    import("@/features/knowledge/coverage").then((it) => ({ default: it.DocumentTests })),
  ),
);
const Changes = lazy(patient(() => import("@/features/knowledge/changes")));
const route = getRouteApi("/knowledge/$documentId");

export function KnownDocumentRoute() {
  const { documentId } = route.useParams();
  useRefreshOnEvents([keys.document(documentId)], { kinds: ["knowledge"] }, 1500);
  const query = useQuery({
    queryKey: keys.document(documentId),
    queryFn: ({ signal }) => knowledge.document(documentId, signal),
  });
  if (query.isError) return <Fault page error={query.error} retry={() => void query.refetch()} />;
  if (query.isPending)
    return (
      <p role="status" className="p-6 text-sm text-ink-2">
        Loading the document…
      </p>
    );
  return <DocumentPage detail={query.data} />;
}

function DocumentPage({ detail }: { detail: DocumentDetail }) {
  const { document: doc } = detail;
  const { passage } = route.useSearch();
  useEffect(() => {
    document.title = `${doc.title} · Tapedeck`;
  }, [doc.title]);
  return (
    <>
      <Head detail={detail} />
      <div className="scroll-thin min-h-0 grow overflow-y-auto border-t border-line">
        {doc.removed ? (
          <Notice icon={<FileText />} title="This document was removed">
            {doc.reason}
          </Notice>
        ) : doc.fault ? (
          <Notice alert icon={<FileText />} title="Its text cannot be shown">
            {doc.fault}
          </Notice>
        ) : (
          <div className="grid gap-6 p-4 md:px-6 xl:grid-cols-[minmax(0,1fr)_20rem]">
            <Passages documentId={doc.documentId} current={passage} />
            <div className="min-w-0">
              <Beside documentId={doc.documentId} passage={passage} />
              <Suspense>
                <DocumentTests documentId={doc.documentId} />
              </Suspense>
              <Versions detail={detail} />
            </div>
          </div>
        )}
      </div>
    </>
  );
}

function Head({ detail: { document: doc } }: { detail: DocumentDetail }) {
  const navigate = useNavigate();
  const act = useKnowledgeAction();
  const source = useQuery({
    queryKey: keys.source(doc.sourceId),
    queryFn: ({ signal }) => knowledge.source(doc.sourceId, signal),
  });
  const remove = async () => {
    const gone = await act(
      () => knowledge.removeDocument(doc.documentId),
      "The document was removed",
      "Nothing was removed",
    );
    if (gone) void navigate({ to: "/knowledge", search: { source: doc.sourceId } });
  };
  return (
    <header className="flex shrink-0 flex-col gap-2 px-4 pt-3 pb-3 md:px-6">
      <nav aria-label="Breadcrumb" className="flex items-center gap-1 text-sm text-ink-3">
        <Link to="/knowledge" className="hover:underline">
          Knowledge
        </Link>
        <ChevronRight className="size-3.5" aria-hidden="true" />
        <Link
          to="/knowledge"
          search={{ source: doc.sourceId }}
          className="truncate hover:underline"
        >
          {source.data?.name ?? "Its source"}
        </Link>
      </nav>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="min-w-0 text-xl font-semibold tracking-tight break-words">{doc.title}</h1>
        <span className="ml-auto flex flex-wrap gap-2">
          {doc.url?.startsWith("http") && (
            <a href={doc.url} target="_blank" rel="noreferrer noopener" className={buttonClass()}>
              <ExternalLink aria-hidden="true" /> Original
            </a>
          )}
          {!doc.removed && (
            <a
              href={apiURL(`/api/knowledge/documents/${doc.documentId}/text`)}
              target="_blank"
              rel="noreferrer"
              className={buttonClass()}
            >
              <FileText aria-hidden="true" /> Text
            </a>
          )}
          {!doc.removed && (
            <Button onClick={() => void remove()}>
              <Trash2 aria-hidden="true" /> Remove
            </Button>
          )}
        </span>
      </div>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 text-sm">
        <Fact name="Kind">{doc.kind}</Fact>
        <Fact name="Passages">
          <span className="num">{doc.passages}</span>
        </Fact>
        <Fact name="Requirements">
          <span className="num">{doc.requirements}</span>
        </Fact>
        <Fact name="Read">
          <Ago time={doc.updatedAt} />
        </Fact>
        <Fact name="Key">
          <span className="font-mono text-xs break-all">{doc.key}</span>
        </Fact>
        {Object.entries(doc.metadata ?? {}).map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
      {doc.notes?.map((note) => (
        <p key={note} className="text-sm text-ink-2">
          {note}
        </p>
      ))}
    </header>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-w-0 items-baseline gap-1.5">
      <dt className="shrink-0 text-ink-3">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  );
}

function Versions({ detail: { document: doc, versions } }: { detail: DocumentDetail }) {
  const [change, setChange] = useState<{ from: number; to: number } | null>(null);
  return (
    <section className="mt-5 text-sm">
      <h2 className="mb-1.5 text-xs font-semibold text-ink-3">Versions</h2>
      <ol className="flex flex-col gap-1">
        {versions.map((version, i) => {
          const before = versions.slice(i + 1).find(({ removed }) => !removed);
          return (
            <li key={version.version} className="flex items-baseline gap-2">
              <span className="num w-6 text-ink-3">{version.version}</span>
              <Ago time={version.at} />
              <span className="truncate text-ink-2">
                {version.removed ? `Removed: ${version.reason}` : `${version.passages} passages`}
              </span>
              {before && !version.removed && (
                <Button
                  look="quiet"
                  size="sm"
                  className="ml-auto"
                  onClick={() => setChange({ from: before.version, to: version.version })}
                >
                  Changes
                </Button>
              )}
            </li>
          );
        })}
      </ol>
      {change && (
        <Suspense>
          <Changes documentId={doc.documentId} {...change} onClose={() => setChange(null)} />
        </Suspense>
      )}
    </section>
  );
}
