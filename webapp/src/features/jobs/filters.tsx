import { useQuery } from "@tanstack/react-query";
import { ArrowDownUp, X } from "lucide-react";
import { SearchBox } from "@/components/search-box";
import { StatusMark } from "@/components/status";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { Pick } from "@/components/ui/pick";
import { kindsQuery } from "@/lib/queries";
import { stamp } from "@/lib/time";
import { type JobsSearch, type Sort, statuses } from "./search";

type Change = (change: Partial<JobsSearch>) => void;

const spans = { "": "Any time", "-15m": "15 minutes", "-1h": "Hour", "-24h": "Day", "-7d": "Week" };
const sortNames: Partial<Record<Sort, string>> = {
  "-createdAt": "Newest first",
  createdAt: "Oldest first",
  "-updatedAt": "Last changed first",
  updatedAt: "Longest unchanged first",
  "-finishedAt": "Last ended first",
  "-duration": "Longest run first",
};

/** What narrows the list. All of it is in the URL; `fixed` hides what a page has decided already. */
export function Filters({
  search,
  change,
  fixed = [],
}: {
  search: JobsSearch;
  change: Change;
  fixed?: (keyof JobsSearch)[];
}) {
  const { data: kinds } = useQuery(kindsQuery);
  const queues = [...new Set(kinds?.items.map((kind) => kind.queue))];
  return (
    <search className="flex shrink-0 items-center gap-2 px-4 pt-1 pb-3 max-sm:scroll-thin max-sm:overflow-x-auto sm:flex-wrap md:px-6">
      <SearchBox
        name="Search jobs"
        label="Search id, kind, labels, input and error"
        placeholder="Search id, labels, input, error"
        text={search.q ?? ""}
        onText={(q) => change({ q: q || undefined })}
      />
      {!fixed.includes("status") && (
        <Pick
          label="Status"
          options={statuses.map((status) => ({
            value: status,
            label: <StatusMark status={status} />,
          }))}
          chosen={search.status ?? []}
          onChange={(chosen) =>
            change({ status: chosen.length ? (chosen as JobsSearch["status"]) : undefined })
          }
        />
      )}
      <Pick
        label="Kind"
        options={(kinds?.items ?? []).map((kind) => ({ value: kind.kind }))}
        chosen={search.kind ?? []}
        onChange={(kind) => change({ kind: kind.length ? kind : undefined })}
        free={{ placeholder: "Kind or glob, recorder*" }}
      />
      <Pick
        label="Queue"
        options={queues.map((value) => ({ value }))}
        chosen={search.queue ?? []}
        onChange={(queue) => change({ queue: queue.length ? queue : undefined })}
        free={{ placeholder: "Queue" }}
      />
      <Pick
        label="Label"
        options={[]}
        chosen={search.label ?? []}
        onChange={(label) => change({ label: label.length ? label : undefined })}
        free={{ placeholder: "key:value", valid: (text) => /^[^:]+:.+/.test(text) }}
      />
      <Select
        aria-label="Created within"
        value={search.createdAfter ?? ""}
        onChange={(event) => change({ createdAfter: event.target.value || undefined })}
      >
        {Object.entries(spans).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
        {search.createdAfter && !(search.createdAfter in spans) && (
          <option value={search.createdAfter}>After {timeText(search.createdAfter)}</option>
        )}
      </Select>
      <span className="ml-auto flex items-center gap-1.5">
        <ArrowDownUp className="size-4 text-ink-3" aria-hidden="true" />
        <Select
          aria-label="Order"
          value={search.sort ?? "-createdAt"}
          onChange={(event) => change({ sort: event.target.value as Sort })}
        >
          {Object.entries(sortNames).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
          {search.sort && !sortNames[search.sort] && (
            <option value={search.sort}>
              By {search.sort.replace("-", "")}, {search.sort.startsWith("-") ? "down" : "up"}
            </option>
          )}
        </Select>
      </span>
      <Chips search={search} change={change} fixed={fixed} />
    </search>
  );
}

function timeText(time: string): string {
  return time.startsWith("-") ? `the last ${time.slice(1)}` : stamp(time);
}

function Chips({
  search,
  change,
  fixed,
}: {
  search: JobsSearch;
  change: Change;
  fixed: (keyof JobsSearch)[];
}) {
  const chips: { text: string; clear: () => void }[] = [];
  for (const key of ["status", "kind", "queue", "label"] as const) {
    if (fixed.includes(key)) continue;
    const list: string[] = search[key] ?? [];
    for (const value of list) {
      const rest = list.filter((other) => other !== value);
      chips.push({
        text: key === "label" ? value : `${key}: ${value}`,
        clear: () => change({ [key]: rest.length ? rest : undefined }),
      });
    }
  }
  for (const key of ["parent", "createdBefore"] as const) {
    const value = search[key];
    if (value) {
      const text = key === "parent" ? `children of ${value}` : `before ${timeText(value)}`;
      chips.push({ text, clear: () => change({ [key]: undefined }) });
    }
  }
  if (chips.length === 0) return null;
  return (
    <ul className="flex shrink-0 gap-1.5 sm:w-full sm:flex-wrap" aria-label="Filters that are on">
      {chips.map((chip) => (
        <li key={chip.text}>
          <button
            type="button"
            onClick={chip.clear}
            className="inline-flex h-6 max-w-80 items-center gap-1 rounded-full border border-line bg-well pr-1.5 pl-2.5 text-xs hover:border-line-strong"
          >
            <span className="truncate">{chip.text}</span>
            <X className="size-3 shrink-0" aria-hidden="true" />
            <span className="sr-only">Remove this filter</span>
          </button>
        </li>
      ))}
      {chips.length > 1 && (
        <li>
          <Button
            look="quiet"
            size="sm"
            className="h-6!"
            onClick={() =>
              change({
                kind: undefined,
                queue: undefined,
                label: undefined,
                parent: undefined,
                createdBefore: undefined,
                ...(fixed.includes("status") ? {} : { status: undefined }),
              })
            }
          >
            Clear all
          </Button>
        </li>
      )}
    </ul>
  );
}
