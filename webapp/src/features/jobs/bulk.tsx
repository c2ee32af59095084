import { X } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button } from "@/components/ui/button";
import { patient } from "@/lib/patient";
import { integer } from "@/lib/time";
import { type BulkAction, bulkActions } from "./bulk-actions";
import type { JobsSearch } from "./search";
import type { Selection } from "./selection";

export const BulkDialog = lazy(patient(() => import("./bulk-dialog")));

/** What can be done to the selected jobs. It takes the filters' place while there is a selection. */
export function BulkBar({
  selection,
  search,
  loaded,
  total,
  onSelectAll,
  onClear,
}: {
  selection: Selection;
  search: JobsSearch;
  loaded: number;
  total: number | undefined;
  onSelectAll: () => void;
  onClear: () => void;
}) {
  const [action, setAction] = useState<BulkAction | null>(null);
  const count = selection.all ? total : selection.ids.size;
  if (count === 0) return null;
  return (
    <section
      aria-label="Selection"
      className="mx-4 mb-3 flex flex-wrap items-center gap-2 rounded-md border border-line bg-select px-3 py-1.5 md:mx-6"
    >
      <p className="num text-sm">
        <strong className="font-semibold">
          {selection.all ? `All ${integer(count ?? 0)} that match` : integer(count ?? 0)}
        </strong>{" "}
        selected
      </p>
      {!selection.all && selection.ids.size >= loaded && (total ?? 0) > loaded && (
        <Button size="sm" look="quiet" className="underline" onClick={onSelectAll}>
          Select all {integer(total ?? 0)} that match
        </Button>
      )}
      <span className="ml-auto flex gap-1.5">
        {Object.entries(bulkActions).map(([name, { label, icon: Icon }]) => (
          <Button key={name} size="sm" onClick={() => setAction(name as BulkAction)}>
            <Icon aria-hidden="true" /> {label}…
          </Button>
        ))}
        <Button size="sm" look="quiet" onClick={onClear}>
          <X aria-hidden="true" /> Clear
        </Button>
      </span>
      {action && (
        <Suspense>
          <BulkDialog
            action={action}
            selection={selection}
            search={search}
            onClose={(done) => {
              setAction(null);
              if (done) onClear();
            }}
          />
        </Suspense>
      )}
    </section>
  );
}
