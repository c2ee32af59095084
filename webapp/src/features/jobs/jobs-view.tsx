import { RefreshCw } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Fault } from "@/components/fault";
import { Button } from "@/components/ui/button";
import { integer } from "@/lib/time";
import { BulkBar } from "./bulk";
import { Filters } from "./filters";
import type { JobsSearch } from "./search";
import { useSelection } from "./selection";
import { JobsTable } from "./table";
import { useJobs } from "./use-jobs";

/** The live list with its filters and bulk actions; a page gives it its name and what it shows. */
export function JobsView({
  search,
  change,
  fixed,
  empty,
}: {
  search: JobsSearch;
  change: (change: Partial<JobsSearch>) => void;
  fixed?: (keyof JobsSearch)[];
  empty: ReactNode;
}) {
  const { query, jobs, total, unseen, reload } = useJobs(search);
  const { selection, toggle, selectLoaded, selectAll, clear } = useSelection(jobs);
  const [seen, setSeen] = useState(search);
  if (seen !== search) {
    setSeen(search);
    clear();
  }
  const selecting = selection.all || selection.ids.size > 0;
  return (
    <>
      <Filters search={search} change={change} fixed={fixed} />
      {selecting && (
        <BulkBar
          selection={selection}
          search={search}
          loaded={jobs.length}
          total={total}
          onSelectAll={selectAll}
          onClear={clear}
        />
      )}
      {unseen > 0 && (
        <p className="flex items-center gap-3 px-4 pb-2 text-sm text-ink-2 md:px-6">
          {integer(unseen)} changes since then may belong here.
          <Button size="sm" onClick={reload}>
            <RefreshCw aria-hidden="true" /> Load again
          </Button>
        </p>
      )}
      {query.isPending && <ListSkeleton />}
      {query.isError && jobs.length === 0 && (
        <Fault error={query.error} retry={() => void query.refetch()} />
      )}
      {query.isSuccess && jobs.length === 0 && empty}
      {jobs.length > 0 && (
        <JobsTable
          jobs={jobs}
          total={total}
          sort={search.sort ?? "-createdAt"}
          onSort={(sort) => change({ sort })}
          selection={selection}
          onToggle={toggle}
          onToggleAll={() => (selecting ? clear() : selectLoaded())}
          onEnd={() => {
            if (query.hasNextPage && !query.isFetchingNextPage && !query.isFetchNextPageError) {
              void query.fetchNextPage();
            }
          }}
          loadingMore={query.isFetchingNextPage}
        />
      )}
      {query.isFetchNextPageError && (
        <p role="alert" className="flex items-center gap-3 border-t border-line px-6 py-2 text-sm">
          The next page could not be loaded.
          <Button size="sm" onClick={() => void query.fetchNextPage()}>
            Try again
          </Button>
        </p>
      )}
    </>
  );
}

function ListSkeleton() {
  return (
    <div role="status" className="border-t border-line">
      <span className="sr-only">Loading jobs</span>
      {Array.from({ length: 14 }, (_, i) => (
        <div key={i} className="flex h-10 items-center gap-6 border-b border-line px-6">
          <span className="h-3 w-20 rounded-sm bg-well" />
          <span className="h-3 rounded-sm bg-well" style={{ width: `${22 + ((i * 37) % 30)}%` }} />
        </div>
      ))}
    </div>
  );
}
