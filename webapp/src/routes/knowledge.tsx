import { getRouteApi } from "@tanstack/react-router";
import { BookOpen, Plus, SearchX } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Fault, Notice } from "@/components/fault";
import { PageHead } from "@/components/page";
import { SearchBox } from "@/components/search-box";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import type { Adding } from "@/features/knowledge/add";
import { Documents, Hits } from "@/features/knowledge/lists";
import { sourceKinds } from "@/features/knowledge/marks";
import type { KnowledgeSearch } from "@/features/knowledge/search";
import { SourceHead, SourceNav } from "@/features/knowledge/sources";
import { useDocuments, useHits, useSources } from "@/features/knowledge/use-knowledge";
import { MoreButton } from "@/features/recordings/library";
import type { Source } from "@/lib/knowledge-api";
import { patient } from "@/lib/patient";
import { type Requirement, requirementNames } from "@/lib/requirement";
import { useShortcuts } from "@/lib/shortcuts";

const route = getRouteApi("/knowledge");
const AddDialog = lazy(patient(() => import("@/features/knowledge/add")));

export function KnowledgePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [adding, setAdding] = useState<Adding | null>(null);
  const sources = useSources(search.project);
  const change = (next: Partial<KnowledgeSearch>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: "q" in next });
  useShortcuts([
    { keys: "a", label: "Add a source", group: "This page", run: () => setAdding("website") },
  ]);
  const list = sources.data ?? [];
  const current = list.find(({ sourceId }) => sourceId === search.source);
  return (
    <>
      <PageHead
        title="Knowledge"
        actions={
          <Button look="primary" onClick={() => setAdding("website")}>
            <Plus aria-hidden="true" /> Add a source
          </Button>
        }
      />
      <Filters search={search} sources={list} change={change} />
      <div className="flex min-h-0 grow border-t border-line">
        {list.length > 0 && <SourceNav sources={list} current={search.source} />}
        <div className="scroll-thin min-h-0 min-w-0 grow overflow-y-auto p-4 md:px-6">
          {sources.isError && list.length === 0 ? (
            <Fault error={sources.error} retry={() => void sources.refetch()} />
          ) : sources.isSuccess && list.length === 0 ? (
            <FirstSource add={setAdding} />
          ) : (
            <div className="flex flex-col gap-4">
              {current && (
                <SourceHead source={current} onGone={() => change({ source: undefined })} />
              )}
              {search.q ? (
                <Found search={search} clear={() => change({ q: undefined, type: undefined })} />
              ) : (
                <Listed search={search} />
              )}
            </div>
          )}
        </div>
      </div>
      {adding && (
        <Suspense>
          <AddDialog
            way={adding}
            project={search.project}
            choose={setAdding}
            onClose={() => setAdding(null)}
          />
        </Suspense>
      )}
    </>
  );
}

function Filters({
  search,
  sources,
  change,
}: {
  search: KnowledgeSearch;
  sources: Source[];
  change: (next: Partial<KnowledgeSearch>) => void;
}) {
  return (
    <search className="flex shrink-0 items-center gap-2 px-4 pt-1 pb-3 max-sm:scroll-thin max-sm:overflow-x-auto sm:flex-wrap md:px-6">
      <SearchBox
        name="Search passages"
        label="Search what is known"
        placeholder='Words, "a phrase", begin*, -without'
        text={search.q ?? ""}
        onText={(q) => change({ q: q || undefined })}
      />
      <Select
        aria-label="Source"
        className="max-w-48 lg:hidden"
        value={search.source ?? ""}
        onChange={(event) => change({ source: event.target.value || undefined })}
      >
        <option value="">All sources</option>
        {sources.map(({ sourceId, name }) => (
          <option key={sourceId} value={sourceId}>
            {name}
          </option>
        ))}
      </Select>
      {search.q && (
        <Select
          aria-label="Requirements"
          value={search.type ?? ""}
          onChange={(event) =>
            change({ type: (event.target.value || undefined) as Requirement | undefined })
          }
        >
          <option value="">All passages</option>
          {Object.entries(requirementNames).map(([type, name]) => (
            <option key={type} value={type}>
              {name}
            </option>
          ))}
        </Select>
      )}
    </search>
  );
}

function Found({ search, clear }: { search: KnowledgeSearch; clear: () => void }) {
  const query = useHits(search);
  const first = query.data?.pages[0];
  const hits = query.data?.pages.flatMap((page) => page.items) ?? [];
  if (query.isError) return <Fault error={query.error} retry={() => void query.refetch()} />;
  if (!first) return <Loading what="passages" />;
  if (hits.length === 0) {
    return (
      <Notice
        icon={<SearchX />}
        title="No passage has any of these words"
        actions={<Button onClick={clear}>Clear the search</Button>}
      />
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <p role="status" className="text-sm text-ink-3">
        {first.loose
          ? "No passage has all the words; these have some of them."
          : `${first.total.toLocaleString()}${first.more ? "+" : ""} ${first.total === 1 ? "passage" : "passages"}`}
      </p>
      <Hits hits={hits} />
      {query.hasNextPage && (
        <MoreButton busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
      )}
    </div>
  );
}

function Listed({ search }: { search: KnowledgeSearch }) {
  const query = useDocuments(search, true);
  const documents = query.data?.pages.flatMap((page) => page.items) ?? [];
  if (query.isError) return <Fault error={query.error} retry={() => void query.refetch()} />;
  if (query.isPending) return <Loading what="documents" />;
  if (documents.length === 0) {
    return (
      <Notice icon={<BookOpen />} title="No documents yet">
        They are listed here as they are read.
      </Notice>
    );
  }
  return (
    <div>
      <Documents documents={documents} />
      {query.hasNextPage && (
        <MoreButton busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
      )}
    </div>
  );
}

function Loading({ what }: { what: string }) {
  return (
    <div role="status" className="flex flex-col gap-3">
      <span className="sr-only">Loading {what}</span>
      {Array.from({ length: 6 }, (_, i) => (
        <span key={i} className="h-10 rounded-md bg-well" />
      ))}
    </div>
  );
}

function FirstSource({ add }: { add: (way: Adding) => void }) {
  return (
    <Notice
      icon={<BookOpen />}
      title="Nothing is known yet"
      actions={(["website", "documents", "jira", "bucket"] as const).map((way) => {
        const { name, icon: Icon } = sourceKinds[way];
        return (
          <Button key={way} onClick={() => add(way)}>
            <Icon aria-hidden="true" /> {name}
          </Button>
        );
      })}
    >
      Gather what the product should do. Every requirement can then be found, and cited by the tests
      that are made of it.
    </Notice>
  );
}
