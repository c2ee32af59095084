import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Batch, Gone } from "@/features/live/connection";
import { useLive } from "@/features/live/context";
import { noteGone } from "@/features/live/gone";
import { keys } from "@/features/live/keys";
import type { LiveFilter } from "@/features/live/protocol";
import { api, type Job, unwrap } from "@/lib/api";
import { useStored } from "@/lib/hooks";
import { applyRows, instantOf, type LoadedPages } from "./list";
import type { JobsSearch } from "./search";
import { splitLabel } from "./selection";

export const PAGE_SIZE = 200;
/** Rows kept loaded; the ones furthest down are let go and load again on scrolling there. */
const MOST_ROWS = 12_000;

/** The list's search as the API's query parameters, relative times made absolute. */
export function asQuery(search: JobsSearch) {
  const absolute = (time: string | undefined) =>
    time && new Date(instantOf(time, Date.now())).toISOString();
  return {
    ...search,
    createdAfter: absolute(search.createdAfter),
    createdBefore: absolute(search.createdBefore),
  };
}

/** The loaded jobs of a search, kept current by the socket from the very cursor they reflect. */
export function useJobs(search: JobsSearch) {
  const client = useQueryClient();
  const key = keys.list(search);
  const [unseen, setUnseen] = useState(0);
  const cursor = useRef<() => string | undefined>(() => undefined);

  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/jobs", {
          params: {
            query: {
              ...asQuery(search),
              limit: PAGE_SIZE,
              // A later page must not be older than what the socket has already delivered.
              ...(pageParam ? { page: pageParam, minCursor: cursor.current() } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextPage,
    // Left lists are loaded afresh: nobody kept them current.
    gcTime: 0,
    structuralSharing: false,
  });

  const count = useQuery({
    queryKey: [...key, "count"],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/jobs", {
          params: { query: { ...asQuery(search), limit: 1, count: true } },
          signal,
        }),
      ).then((page) => page.total ?? 0),
    gcTime: 0,
  });

  const recount = useThrottled(
    useCallback(
      () => void client.invalidateQueries({ queryKey: [...key, "count"] }),
      [client, key],
    ),
    2000,
  );

  const onBatch = (batch: Batch) => {
    const data = client.getQueryData<LoadedPages>(key);
    if (!data) return;
    const applied = applyRows(data, batch.jobs, search);
    if (applied.unknown) setUnseen((n) => n + applied.unknown);
    if (applied.data === data) return;
    client.setQueryData(key, bounded(applied.data));
    recount();
    if ((applied.data.pages[0]?.items.length ?? 0) > MOST_ROWS) {
      void client.resetQueries({ queryKey: key, exact: true });
    }
  };

  const reload = useCallback(() => {
    setUnseen(0);
    void client.resetQueries({ queryKey: key });
  }, [client, key]);

  cursor.current = useLive({
    filter: liveFilter(search),
    mode: "coalesce",
    from: query.data?.pages[0]?.cursor,
    onBatch,
    onGone: (gone: Gone) => {
      noteGone(gone);
      reload();
    },
  });

  const jobs: Job[] = useMemo(
    () => query.data?.pages.flatMap((page) => page.items) ?? [],
    [query.data],
  );
  return { query, jobs, total: count.data, unseen, reload };
}

/** Lets the pages furthest down go; what is left still knows where the next one starts. */
function bounded(data: LoadedPages): LoadedPages {
  let rows = data.pages.reduce((sum, page) => sum + page.items.length, 0);
  let keep = data.pages.length;
  while (rows > MOST_ROWS && keep > 1) rows -= data.pages[--keep]?.items.length ?? 0;
  if (keep === data.pages.length) return data;
  return { pages: data.pages.slice(0, keep), pageParams: data.pageParams.slice(0, keep) };
}

/**
 * What to follow for a list. Status, queue, time and text are left to the page: a job that stops
 * matching must be seen too.
 */
function liveFilter(search: JobsSearch): LiveFilter {
  const labels = Object.fromEntries((search.label ?? []).map(splitLabel));
  return {
    ...(search.project ? { project: search.project } : {}),
    ...(search.kind ? { kinds: search.kind } : {}),
    ...(search.parent ? { parents: [search.parent] } : {}),
    ...(search.label?.length ? { labels } : {}),
  };
}

/** Runs at once, then at most once a period, and once more after the last call. */
function useThrottled(run: () => void, periodMs: number): () => void {
  const state = useRef<{ timer: ReturnType<typeof setTimeout> | null; again: boolean }>({
    timer: null,
    again: false,
  });
  const latest = useStored(run);
  useEffect(() => {
    const { current } = state;
    return () => {
      if (current.timer !== null) clearTimeout(current.timer);
      current.timer = null;
    };
  }, []);
  return useCallback(() => {
    const fire = () => {
      latest.current();
      state.current.again = false;
      state.current.timer = setTimeout(() => {
        state.current.timer = null;
        if (state.current.again) fire();
      }, periodMs);
    };
    if (state.current.timer === null) fire();
    else state.current.again = true;
  }, [periodMs, latest]);
}
