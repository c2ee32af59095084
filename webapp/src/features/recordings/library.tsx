import { Link } from "@tanstack/react-router";
import { clsx } from "clsx";
import { Folder as FolderIcon, FolderOpen } from "lucide-react";
import { SearchBox } from "@/components/search-box";
import { recordingStatusNames } from "@/components/steps";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import type { RecordingSort } from "@/lib/recorder-api";
import type { RecordingStatus } from "@/lib/recording";
import { recordingStatuses } from "@/lib/recording-status";
import type { Folder } from "./folders";
import { type LibrarySearch, librarySorts } from "./search";

type Change = (change: Partial<LibrarySearch>) => void;

export function LibraryFilters({
  search,
  folders,
  change,
}: {
  search: LibrarySearch;
  folders: Folder[];
  change: Change;
}) {
  return (
    <search className="flex shrink-0 items-center gap-2 px-4 pt-1 pb-3 max-sm:scroll-thin max-sm:overflow-x-auto sm:flex-wrap md:px-6">
      <SearchBox
        name="Search recordings"
        label="Search name, address and folder"
        placeholder="Search name, address, folder"
        text={search.q ?? ""}
        onText={(q) => change({ q: q || undefined })}
      />
      <Select
        aria-label="Folder"
        className="max-w-48 lg:hidden"
        value={search.folder ?? ""}
        onChange={(event) => change({ folder: event.target.value || undefined })}
      >
        <option value="">All folders</option>
        {folders.map(({ path }) => (
          <option key={path} value={path}>
            {path}
          </option>
        ))}
      </Select>
      <Select
        aria-label="Status"
        value={search.status ?? ""}
        onChange={(event) =>
          change({ status: (event.target.value || undefined) as RecordingStatus | undefined })
        }
      >
        <option value="">Any status</option>
        {recordingStatuses.map((status) => (
          <option key={status} value={status}>
            {recordingStatusNames(status)}
          </option>
        ))}
      </Select>
      <Select
        aria-label="Order"
        className="sm:ml-auto"
        value={search.sort ?? "-updatedAt"}
        onChange={(event) => change({ sort: event.target.value as RecordingSort })}
      >
        {Object.entries(librarySorts).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </Select>
    </search>
  );
}

/** The folders as a list of links, indented by their depth. */
export function Folders({ folders, current }: { folders: Folder[]; current: string | undefined }) {
  return (
    <nav
      aria-label="Folders"
      className="scroll-thin w-52 shrink-0 overflow-y-auto border-r border-line px-3 py-3 max-lg:hidden"
    >
      <ul className="flex flex-col gap-0.5">
        <li>
          <FolderLink label="All recordings" to={undefined} on={!current} depth={0} />
        </li>
        {folders.map(({ path, count }) => {
          const parts = path.split("/");
          return (
            <li key={path}>
              <FolderLink
                label={parts.at(-1) ?? path}
                to={path}
                on={current === path}
                depth={parts.length - 1}
                count={count}
              />
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function FolderLink({
  label,
  to,
  on,
  depth,
  count,
}: {
  label: string;
  to: string | undefined;
  on: boolean;
  depth: number;
  count?: number;
}) {
  const Icon = on ? FolderOpen : FolderIcon;
  return (
    <Link
      from="/recordings"
      to="."
      search={(old) => ({ ...old, folder: to })}
      aria-current={on ? "page" : undefined}
      title={to}
      style={{ paddingLeft: `${0.5 + depth * 0.9}rem` }}
      className={clsx(
        "flex h-7 items-center gap-2 rounded-md pr-2 text-sm",
        on ? "bg-well font-semibold" : "text-ink-2 hover:bg-well hover:text-ink",
      )}
    >
      <Icon className="size-4 shrink-0 text-ink-3" aria-hidden="true" />
      <span className="min-w-0 grow truncate">{label}</span>
      {count !== undefined && <span className="num text-xs font-normal text-ink-3">{count}</span>}
    </Link>
  );
}

export function MoreButton({ busy, onMore }: { busy: boolean; onMore: () => void }) {
  return (
    <div className="flex justify-center py-4">
      <Button disabled={busy} onClick={onMore}>
        {busy ? "Loading…" : "Load more"}
      </Button>
    </div>
  );
}
