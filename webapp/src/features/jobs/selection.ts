import { useCallback, useState } from "react";
import type { Job, ListFilter } from "@/lib/api";
import { instantOf } from "./list";
import type { JobsSearch } from "./search";

/** Jobs that a bulk action is for: some by their ids, or all that the search selects on the server. */
export type Selection = { all: false; ids: ReadonlySet<string> } | { all: true };

const none: Selection = { all: false, ids: new Set() };

export function useSelection(jobs: Job[]) {
  const [selection, setSelection] = useState<Selection>(none);
  const [last, setLast] = useState<number | null>(null);

  /** Selects or deselects a row; with a range, all rows since the one before as well. */
  const toggle = useCallback(
    (index: number, range: boolean) => {
      setLast(index);
      setSelection((now) => {
        const ids = new Set(now.all ? jobs.map((job) => job.jobId) : now.ids);
        const id = jobs[index]?.jobId;
        if (id === undefined) return now;
        const add = !ids.has(id);
        const from = range && last !== null ? Math.min(last, index) : index;
        const to = range && last !== null ? Math.max(last, index) : index;
        for (const job of jobs.slice(from, to + 1)) {
          if (add) ids.add(job.jobId);
          else ids.delete(job.jobId);
        }
        return { all: false, ids };
      });
    },
    [jobs, last],
  );

  return {
    selection,
    toggle,
    selectLoaded: () => setSelection({ all: false, ids: new Set(jobs.map((job) => job.jobId)) }),
    selectAll: () => setSelection({ all: true }),
    clear: useCallback(() => setSelection(none), []),
  };
}

export function isSelected(selection: Selection, id: string): boolean {
  return selection.all || selection.ids.has(id);
}

/** The search as the bulk request's filter. */
export function asFilter(search: JobsSearch): ListFilter {
  const absolute = (time: string | undefined) =>
    time && new Date(instantOf(time, Date.now())).toISOString();
  return {
    statuses: search.status,
    kinds: search.kind,
    queues: search.queue,
    project: search.project,
    q: search.q,
    parent: search.parent,
    createdAfter: absolute(search.createdAfter),
    createdBefore: absolute(search.createdBefore),
    labels: search.label && Object.fromEntries(search.label.map(splitLabel)),
  };
}

export function splitLabel(label: string): [string, string] {
  const colon = label.indexOf(":");
  return [label.slice(0, colon), label.slice(colon + 1)];
}
