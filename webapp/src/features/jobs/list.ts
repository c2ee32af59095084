import type { Job, JobPage } from "@/lib/api";
import type { JobsSearch } from "./search";

/** The pages of a list that are loaded, in order. */
export interface LoadedPages {
  pages: JobPage[];
  pageParams: unknown[];
}

export interface Applied {
  data: LoadedPages;
  /** Rows that entered the list above those that were there. */
  above: number;
  /** Changed jobs whose place only the server can tell: by full text, or in an order of its own. */
  unknown: number;
}

/**
 * Brings rows from the live stream into the loaded pages: newer versions replace older ones, jobs
 * that no longer match leave, jobs that match now enter at their place if it lies within what is
 * loaded. Pages and rows that do not change keep their identity.
 */
export function applyRows(data: LoadedPages, rows: Job[], search: JobsSearch): Applied {
  const newest = new Map<string, Job>();
  for (const row of rows) newest.set(row.jobId, row);
  const where = placesOf(data, newest);

  const edit = new Edit(data);
  const entering: Job[] = [];
  let unknown = 0;
  for (const row of newest.values()) {
    const at = where.get(row.jobId);
    const have = at && data.pages[at[0]]?.items[at[1]];
    if (!have || !at) {
      if (!matches(row, search)) continue;
      if (placeable(search)) entering.push(row);
      else unknown++;
    } else if (row.version >= have.version) {
      const stays = matches(row, search);
      if (stays && (!placeable(search) || sortKey(row, search) === sortKey(have, search))) {
        edit.replace(at, row);
      } else {
        edit.remove(at);
        if (stays) entering.push(row);
      }
    }
  }
  const above = edit.insert(entering, search);
  return { data: edit.done(), above, unknown };
}

/** Where the changed jobs are. This runs for each frame over all that is loaded: it only looks. */
function placesOf(
  { pages }: LoadedPages,
  changed: ReadonlyMap<string, Job>,
): Map<string, [page: number, row: number]> {
  const where = new Map<string, [page: number, row: number]>();
  for (let p = 0; p < pages.length; p++) {
    const items = pages[p]?.items ?? [];
    for (let i = 0; i < items.length; i++) {
      const id = items[i]?.jobId;
      if (id !== undefined && changed.has(id)) where.set(id, [p, i]);
    }
    if (where.size === changed.size) break;
  }
  return where;
}

/** Whether the page itself can tell if and where a job belongs: by time, without a full text. */
export function placeable(search: JobsSearch): boolean {
  return !search.q && /^-?(createdAt|updatedAt)$/.test(search.sort ?? "createdAt");
}

/** A copy-on-write view of the pages. */
class Edit {
  #data: LoadedPages;
  #copies = new Map<number, (Job | null)[]>();

  constructor(data: LoadedPages) {
    this.#data = data;
  }

  #items(page: number): (Job | null)[] {
    let items = this.#copies.get(page);
    if (!items) {
      items = this.#data.pages[page]?.items.slice() ?? [];
      this.#copies.set(page, items);
    }
    return items;
  }

  replace([page, row]: [number, number], job: Job) {
    this.#items(page)[row] = job;
  }

  // A hole, so that the places of the other rows stay true until all are edited.
  remove([page, row]: [number, number]) {
    this.#items(page)[row] = null;
  }

  /** Puts each job at its place; answers how many came before everything that was there. */
  insert(jobs: Job[], search: JobsSearch): number {
    if (jobs.length === 0) return 0;
    const { pages } = this.#data;
    for (const [page, items] of this.#copies) {
      this.#copies.set(
        page,
        items.filter((job) => job !== null),
      );
    }
    const top = this.#first();
    let above = 0;
    for (const job of jobs.toSorted((a, b) => compare(a, b, search))) {
      const page = this.#pageFor(job, search);
      if (page === null) continue;
      const items = this.#items(page) as Job[];
      items.splice(placeIn(items, job, search), 0, job);
      if (page === 0 && (!top || compare(job, top, search) < 0)) above++;
    }
    return pages.length ? above : 0;
  }

  #first(): Job | undefined {
    const items = this.#copies.get(0) ?? this.#data.pages[0]?.items;
    return items?.find((job) => job !== null) ?? undefined;
  }

  /** The page whose range holds the job; null when that range is not loaded. */
  #pageFor(job: Job, search: JobsSearch): number | null {
    const { pages } = this.#data;
    for (let page = 0; page < pages.length; page++) {
      const items = (this.#copies.get(page) ?? pages[page]?.items ?? []) as Job[];
      const last = items.at(-1);
      if (last && compare(job, last, search) < 0) return page;
    }
    return pages.length > 0 && pages.at(-1)?.nextPage === undefined ? pages.length - 1 : null;
  }

  done(): LoadedPages {
    if (this.#copies.size === 0) return this.#data;
    const pages = this.#data.pages.map((page, p) => {
      const items = this.#copies.get(p);
      return items ? { ...page, items: items.filter((job) => job !== null) } : page;
    });
    return { ...this.#data, pages };
  }
}

function placeIn(items: Job[], job: Job, search: JobsSearch): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = items[middle];
    if (other && compare(other, job, search) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sortKey(job: Job, search: JobsSearch): string {
  return search.sort === "updatedAt" || search.sort === "-updatedAt"
    ? job.updatedAt
    : job.createdAt;
}

/** The order of the list: the sort key, then the id, both in the sort's direction. */
export function compare(a: Job, b: Job, search: JobsSearch): number {
  const direction = (search.sort ?? "-createdAt").startsWith("-") ? -1 : 1;
  const [x, y] = [instant(sortKey(a, search)), instant(sortKey(b, search))];
  if (x !== y) return x < y ? -direction : direction;
  return a.jobId === b.jobId ? 0 : a.jobId < b.jobId ? -direction : direction;
}

/** RFC 3339 in UTC, comparable as text: "…:05Z" and "…:05.123Z" differ in length only. */
function instant(time: string): string {
  return time.endsWith("Z") ? time.slice(0, -1) : time;
}

/** Whether the list's filter holds, as far as the page can tell: everything but the full text. */
export function matches(job: Job, search: JobsSearch, now = Date.now()): boolean {
  if (search.project && job.project !== search.project) return false;
  if (search.status && !search.status.includes(job.status)) return false;
  if (search.queue && !search.queue.includes(job.queue)) return false;
  if (search.parent && job.parentId !== search.parent) return false;
  if (search.kind && !search.kind.some((glob) => globMatches(glob, job.kind))) return false;
  for (const label of search.label ?? []) {
    const colon = label.indexOf(":");
    if (job.labels?.[label.slice(0, colon)] !== label.slice(colon + 1)) return false;
  }
  const created = Date.parse(job.createdAt);
  if (search.createdAfter && created < instantOf(search.createdAfter, now)) return false;
  return !(search.createdBefore && created >= instantOf(search.createdBefore, now));
}

const globs = new Map<string, RegExp>();

function globMatches(glob: string, text: string): boolean {
  let pattern = globs.get(glob);
  if (!pattern) {
    const escaped = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&");
    pattern = new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
    globs.set(glob, pattern);
  }
  return pattern.test(text);
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A filter's time: RFC 3339, or relative such as `-1h`, which moves with the clock. */
export function instantOf(text: string, now: number): number {
  const relative = /^-(\d+)([smhd])$/.exec(text);
  if (!relative) return Date.parse(text);
  return now - Number(relative[1]) * unitMs[relative[2] as keyof typeof unitMs];
}
