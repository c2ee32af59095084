import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";
import { keys } from "@/features/live/keys";
import type { LogLine, TapeEvent } from "@/lib/api";
import { appendLines, joined, LOG_PAGE } from "./pages";

function lines(from: number, to: number): LogLine[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({
    seq: from + i,
    attempt: 1,
    time: "2026-01-01T00:00:00Z",
    text: `line ${from + i}`,
  }));
}

function logged(count: number, attempt = 1): TapeEvent {
  return {
    specversion: "1.0",
    id: "e",
    source: "t",
    type: "job.logged",
    time: "2026-01-01T00:00:00Z",
    stream: "job/a/out/1",
    sequence: 1,
    cursor: "c",
    attempt,
    data: { lines: Array.from({ length: count }, () => ({ time: "t", level: "info", text: "x" })) },
  };
}

test("joined follows on, drops what is there and refuses a gap", () => {
  const loaded = lines(1, 10);
  expect(joined(loaded, 1, lines(11, 12))?.length).toBe(12);
  expect(joined(loaded, 1, lines(9, 12))?.map((l) => l.seq)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
  ]);
  expect(joined(loaded, 1, lines(12, 13))).toBe(loaded);
  expect(joined(loaded, 1, lines(3, 5))).toBe(loaded);
  expect(joined(undefined, 1, lines(1, 2))).toBeUndefined();
});

test("live lines grow the head and the loaded pages, across a page's end", () => {
  const client = new QueryClient();
  client.setQueryData(keys.logHead("a", 1), { total: LOG_PAGE - 2, truncated: false });
  client.setQueryData(keys.logPage("a", 1, 0), lines(1, LOG_PAGE - 2));
  client.setQueryData(keys.logPage("a", 1, 1), []);
  appendLines(client, "a", logged(5));
  expect(client.getQueryData(keys.logHead("a", 1))).toEqual({
    total: LOG_PAGE + 3,
    truncated: false,
  });
  expect(client.getQueryData<LogLine[]>(keys.logPage("a", 1, 0))?.at(-1)?.seq).toBe(LOG_PAGE);
  expect(client.getQueryData<LogLine[]>(keys.logPage("a", 1, 1))?.map((l) => l.seq)).toEqual([
    LOG_PAGE + 1,
    LOG_PAGE + 2,
    LOG_PAGE + 3,
  ]);
});

test("an attempt that nobody looks at is left alone", () => {
  const client = new QueryClient();
  appendLines(client, "a", logged(5, 7));
  expect(client.getQueryCache().getAll()).toEqual([]);
});
