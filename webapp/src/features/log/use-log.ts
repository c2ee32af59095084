import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { keys } from "@/features/live/keys";
import { api, type LogLine, unwrap } from "@/lib/api";
import { LOG_PAGE, type LogHead } from "./pages";

const BULK = 10_000;

/** How many lines an attempt has. `followed` attempts get it from the stream and are never asked. */
export function useLogHead(jobId: string, attempt: number, followed: boolean): LogHead | undefined {
  return useQuery({
    queryKey: keys.logHead(jobId, attempt),
    queryFn: async ({ signal }): Promise<LogHead> => {
      const page = await unwrap(
        api.GET("/api/jobs/{jobId}/log", {
          params: { path: { jobId }, query: { attempt, tail: 0 } },
          signal,
        }),
      );
      return { total: page.total, truncated: page.truncated ?? false };
    },
    enabled: !followed && attempt > 0,
    structuralSharing: false,
  }).data;
}

/** The lines first…last (0-based) as far as they are loaded; loads the pages that hold them. */
export function useLogLines(
  jobId: string,
  attempt: number,
  total: number,
  first: number,
  last: number,
): (index: number) => LogLine | undefined {
  const client = useQueryClient();
  const from = Math.floor(first / LOG_PAGE);
  const to = total === 0 ? from - 1 : Math.floor(Math.min(last, total - 1) / LOG_PAGE);
  const wanted = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  const results = useQueries({
    queries: wanted.map((page) => ({
      queryKey: keys.logPage(jobId, attempt, page),
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<LogLine[]> =>
        (await readLines(jobId, attempt, page * LOG_PAGE + 1, LOG_PAGE, signal)).lines,
      gcTime: 60_000,
      structuralSharing: false as const,
    })),
  });

  // A page that was read before its last lines were there, and that the stream could not join.
  useEffect(() => {
    results.forEach((result, i) => {
      const page = wanted[i] ?? 0;
      const due = Math.min(LOG_PAGE, total - page * LOG_PAGE);
      if (result.data && result.data.length < due && !result.isFetching) {
        void client.invalidateQueries({ queryKey: keys.logPage(jobId, attempt, page) });
      }
    });
  });

  const pages = new Map(wanted.map((page, i) => [page, results[i]?.data]));
  return (index) => pages.get(Math.floor(index / LOG_PAGE))?.[index % LOG_PAGE];
}

/** Every line of an attempt: for searching and filtering. Loaded only when asked for. */
export function useAllLines(jobId: string, attempt: number, wanted: boolean) {
  const query = useQuery({
    queryKey: keys.logAll(jobId, attempt),
    queryFn: ({ signal }) => readAll(jobId, attempt, signal),
    enabled: wanted && attempt > 0,
    structuralSharing: false,
    gcTime: 60_000,
  });
  return wanted ? query : { ...query, data: undefined };
}

async function readLines(
  jobId: string,
  attempt: number,
  from: number,
  limit: number,
  signal?: AbortSignal,
) {
  return unwrap(
    api.GET("/api/jobs/{jobId}/log", {
      params: { path: { jobId }, query: { attempt, from, limit } },
      signal,
    }),
  );
}

/** Reads an attempt's log from its first line to its present end. */
export async function readAll(
  jobId: string,
  attempt: number,
  signal?: AbortSignal,
): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  let from: number | undefined = 1;
  while (from !== undefined) {
    const page: Awaited<ReturnType<typeof readLines>> = await readLines(
      jobId,
      attempt,
      from,
      BULK,
      signal,
    );
    for (const line of page.lines) lines.push(line);
    from = page.next;
  }
  return lines;
}

/** The indices of lines for which `test` holds, continued instead of recomputed as the log grows. */
export function useMatching(
  lines: LogLine[] | undefined,
  test: ((line: LogLine) => boolean) | null,
): number[] | null {
  const known = useRef<{ test: unknown; first: LogLine | undefined; upTo: number; hits: number[] }>(
    {
      test: null,
      first: undefined,
      upTo: 0,
      hits: [],
    },
  );
  return useMemo(() => {
    if (!lines || !test) return null;
    const before = known.current;
    const same = before.test === test && before.first === lines[0] && before.upTo <= lines.length;
    const hits = same ? before.hits : [];
    const from = same ? before.upTo : 0;
    const more: number[] = [];
    for (let i = from; i < lines.length; i++) {
      const line = lines[i];
      if (line && test(line)) more.push(i);
    }
    const all = more.length ? hits.concat(more) : hits;
    known.current = { test, first: lines[0], upTo: lines.length, hits: all };
    return all;
  }, [lines, test]);
}

/** The log as a text file. */
export function useLogText(jobId: string, attempt: number) {
  return useCallback(async () => {
    const lines = await readAll(jobId, attempt);
    return lines.map((line) => line.text).join("\n");
  }, [jobId, attempt]);
}
