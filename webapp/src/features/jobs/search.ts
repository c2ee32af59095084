import type { Status } from "@/lib/api";
import { many, one } from "@/lib/search";

export const statuses = [
  "waiting",
  "delayed",
  "queued",
  "running",
  "stopping",
  "retrying",
  "succeeded",
  "failed",
  "cancelled",
  "dead",
] as const satisfies readonly Status[];

export const sortKeys = [
  "createdAt",
  "updatedAt",
  "finishedAt",
  "duration",
  "kind",
  "status",
  "queue",
  "priority",
  "attempt",
] as const;
export type SortKey = (typeof sortKeys)[number];
/** A key, upwards; with a minus downwards. */
export type Sort = SortKey | `-${SortKey}`;

/** What a list shows, as it stands in the address bar and in the API's query string. */
export interface JobsSearch {
  project?: string;
  status?: Status[];
  kind?: string[];
  queue?: string[];
  label?: string[];
  q?: string;
  createdAfter?: string;
  createdBefore?: string;
  parent?: string;
  sort?: Sort;
}

/** Reads a list's search; what it does not understand is left out rather than sent. */
export function readJobsSearch(raw: Record<string, unknown>): JobsSearch {
  const known = new Set<string>(statuses);
  const status = many(raw, "status")?.filter((s): s is Status => known.has(s));
  return compact({
    project: one(raw, "project"),
    status: status?.length ? status : undefined,
    kind: many(raw, "kind"),
    queue: many(raw, "queue"),
    label: many(raw, "label")?.filter((l) => l.indexOf(":") > 0),
    q: one(raw, "q"),
    createdAfter: time(one(raw, "createdAfter")),
    createdBefore: time(one(raw, "createdBefore")),
    parent: one(raw, "parent"),
    sort: asSort(one(raw, "sort")),
  });
}

// The usual order is not written into the address.
function asSort(text: string | undefined): Sort | undefined {
  const key = sortKeys.find((name) => name === text || `-${name}` === text);
  return key && text !== "-createdAt" ? (text as Sort) : undefined;
}

function time(text: string | undefined): string | undefined {
  if (text && /^-\d{1,6}[smhd]$/.test(text)) return text;
  return text && !Number.isNaN(Date.parse(text)) ? text : undefined;
}

function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}
