import type { QueryClient } from "@tanstack/react-query";
import { keys } from "@/features/live/keys";
import type { LogLine, TapeEvent } from "@/lib/api";

/** Lines in one cached page. */
export const LOG_PAGE = 500;

/** What is known of an attempt's log without its lines. */
export interface LogHead {
  total: number;
  truncated: boolean;
}

/**
 * Brings a live batch of lines into the cache. They follow the lines that the head counts, and go
 * into the pages that are loaded; other pages load them when somebody scrolls there. Attempts whose
 * head is not known are not followed.
 */
export function appendLines(client: QueryClient, jobId: string, event: TapeEvent) {
  const attempt = event.attempt ?? 0;
  const head = client.getQueryData<LogHead>(keys.logHead(jobId, attempt));
  if (!head) return;
  const data = event.data as { lines: Omit<LogLine, "seq" | "attempt">[]; truncated?: unknown };
  const lines = data.lines.map((line, i) => ({ ...line, seq: head.total + i + 1, attempt }));
  client.setQueryData<LogHead>(keys.logHead(jobId, attempt), {
    total: head.total + lines.length,
    truncated: head.truncated || data.truncated !== undefined,
  });
  client.setQueryData<LogLine[]>(keys.logAll(jobId, attempt), (all) => joined(all, 1, lines));
  for (const [page, part] of byPage(lines)) {
    client.setQueryData<LogLine[]>(keys.logPage(jobId, attempt, page), (loaded) =>
      joined(loaded, page * LOG_PAGE + 1, part),
    );
  }
}

function byPage(lines: LogLine[]): Map<number, LogLine[]> {
  const pages = new Map<number, LogLine[]>();
  for (const line of lines) {
    const page = Math.floor((line.seq - 1) / LOG_PAGE);
    const part = pages.get(page);
    if (part) part.push(line);
    else pages.set(page, [line]);
  }
  return pages;
}

/**
 * Loaded lines with those behind them. `first` is the number of the first loaded line. Lines that
 * are there already are dropped; with a gap in between nothing is joined: the page is short then,
 * and whoever shows it loads it again.
 */
export function joined(
  loaded: LogLine[] | undefined,
  first: number,
  more: LogLine[],
): LogLine[] | undefined {
  const start = more[0]?.seq;
  if (!loaded || start === undefined) return loaded;
  const next = first + loaded.length;
  if (start > next) return loaded;
  const fresh = start === next ? more : more.slice(next - start);
  return fresh.length ? loaded.concat(fresh) : loaded;
}
