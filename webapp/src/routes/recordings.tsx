import { getRouteApi, Link } from "@tanstack/react-router";
import { Circle, Film, SearchX } from "lucide-react";
import { Fault, Notice } from "@/components/fault";
import { PageHead } from "@/components/page";
import { Button, buttonClass } from "@/components/ui/button";
import { Card } from "@/features/recordings/card";
import { ImportButton } from "@/features/recordings/import-button";
import { Folders, LibraryFilters, MoreButton } from "@/features/recordings/library";
import type { LibrarySearch } from "@/features/recordings/search";
import { useLibrary } from "@/features/recordings/use-library";

const route = getRouteApi("/recordings");

export function RecordingsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { query, items, folders } = useLibrary(search);
  const change = (next: Partial<LibrarySearch>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: "q" in next });
  const filtered = Boolean(search.q || search.folder || search.status);
  return (
    <>
      <PageHead
        title="Recordings"
        actions={
          <>
            <ImportButton project={search.project} folder={search.folder} />
            <Link
              to="/record"
              search={{ folder: search.folder }}
              className={buttonClass("primary")}
            >
              <Circle aria-hidden="true" className="fill-danger text-danger" /> Record
            </Link>
          </>
        }
      />
      <LibraryFilters search={search} folders={folders} change={change} />
      <div className="flex min-h-0 grow border-t border-line">
        {folders.length > 0 && <Folders folders={folders} current={search.folder} />}
        <div className="scroll-thin relative min-h-0 min-w-0 grow overflow-y-auto p-4 md:px-6">
          {query.isPending && <Skeleton />}
          {query.isError && items.length === 0 && (
            <Fault error={query.error} retry={() => void query.refetch()} />
          )}
          {query.isSuccess &&
            items.length === 0 &&
            (filtered ? (
              <NothingFits
                clear={() => void navigate({ search: ({ project }) => ({ project }) })}
              />
            ) : (
              <FirstRecording />
            ))}
          <ul
            aria-label="Recordings"
            hidden={items.length === 0}
            className="grid grid-cols-[repeat(auto-fill,minmax(15.5rem,1fr))] gap-4"
          >
            {items.map((item) => (
              <Card key={item.recordingId} item={item} folders={folders} />
            ))}
          </ul>
          {query.hasNextPage && (
            <MoreButton busy={query.isFetchingNextPage} onMore={() => void query.fetchNextPage()} />
          )}
        </div>
      </div>
    </>
  );
}

function NothingFits({ clear }: { clear: () => void }) {
  return (
    <Notice
      icon={<SearchX />}
      title="No recording matches"
      actions={<Button onClick={clear}>Clear the filters</Button>}
    />
  );
}

function FirstRecording() {
  return (
    <Notice
      icon={<Film />}
      title="Nothing has been recorded yet"
      actions={
        <Link to="/record" className={buttonClass("primary")}>
          <Circle aria-hidden="true" className="fill-danger text-danger" /> Record the first flow
        </Link>
      }
    >
      Drive a browser on the server from here: every click and every value becomes a step that can
      be run again.
    </Notice>
  );
}

function Skeleton() {
  return (
    <div role="status" className="grid grid-cols-[repeat(auto-fill,minmax(15.5rem,1fr))] gap-4">
      <span className="sr-only">Loading recordings</span>
      {Array.from({ length: 8 }, (_, i) => (
        <span key={i} className="h-60 rounded-lg border border-line bg-panel">
          <span className="block aspect-[16/10] bg-well" />
        </span>
      ))}
    </div>
  );
}
